package io.culvert.controlplane;

import io.culvert.core.xds.ResourceType;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One connected xDS client. Immutable.
 *
 * @param id the node ID it gave
 * @param node the node that it is on, proved by its token; as it says itself when it has none
 * @param proved whether a token proved {@code node}
 * @param peer where it connects from
 */
public record AgentStatus(
        String id, String node, boolean proved, String peer, Instant since, Map<ResourceType, TypeStatus> types) {
    public AgentStatus {
        types = Map.copyOf(types);
    }

    /**
     * How the client stands with one type.
     *
     * @param wildcard whether it wants everything
     * @param sentRevision the latest that it was sent
     * @param ackedRevision the latest that it has answered to
     * @param pending names that still have to be sent
     * @param nack what it refused last, null when it accepted the last response
     */
    public record TypeStatus(
            boolean wildcard,
            long sentRevision,
            long ackedRevision,
            int pending,
            @Nullable String nack) {}
}
