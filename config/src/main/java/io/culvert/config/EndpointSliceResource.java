package io.culvert.config;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An EndpointSlice. Immutable.
 *
 * @param service name of the service in its namespace; "" when it belongs to none
 * @param ports numbers of TCP ports by name
 */
record EndpointSliceResource(Meta meta, String service, List<Endpoint> endpoints, Map<String, Integer> ports)
        implements Resource {
    /**
     * One endpoint.
     *
     * @param ready whether it takes new connections
     * @param pod the pod that stands behind it, or null when none is named
     */
    record Endpoint(
            List<ByteString> addresses,
            boolean ready,
            boolean terminating,
            @Nullable ResourceKey pod,
            String node,
            String zone) {}
}
