package io.culvert.controlplane;

import io.culvert.config.CompiledDelta;
import io.culvert.controlplane.ca.IdentityGate;
import io.culvert.core.mesh.InvalidResourceException;
import io.culvert.core.mesh.ResourceDecoder;
import io.culvert.core.mesh.Workload;
import io.culvert.identity.SpiffeId;
import io.culvert.proto.workload.Address;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which identities run on which node, counted, from the compiled mesh. A pod on its node's network has none of its own: it
 * cannot be captured, and its address is its node's. Any thread.
 */
final class IdentityIndex implements IdentityGate {
    private static final Logger LOG = LoggerFactory.getLogger(IdentityIndex.class);

    private final Map<String, Place> placeOf = new HashMap<>();
    private final Map<Place, Integer> pods = new HashMap<>();

    private record Place(SpiffeId id, String node) {}

    @Override
    public synchronized boolean runsOn(SpiffeId id, String node) {
        return pods.containsKey(new Place(id, node));
    }

    synchronized void compiled(CompiledDelta delta) {
        delta.removedAddresses().forEach(name -> put(name, null));
        delta.addresses().forEach((name, address) -> put(name, place(address)));
    }

    private void put(String name, @Nullable Place place) {
        Place before = place == null ? placeOf.remove(name) : placeOf.put(name, place);
        if (before != null) {
            pods.merge(before, -1, (a, b) -> a + b == 0 ? null : a + b);
        }
        if (place != null) {
            pods.merge(place, 1, Integer::sum);
        }
    }

    private static @Nullable Place place(Address address) {
        if (!address.hasWorkload() || address.getWorkload().getNode().isEmpty()) {
            return null;
        }
        try {
            Workload workload = ResourceDecoder.workload(address.getWorkload());
            return workload.hostNetwork() ? null : new Place(workload.identity(), workload.node());
        } catch (InvalidResourceException e) {
            LOG.error(
                    "workload {} was compiled to something that agents refuse: {}",
                    address.getWorkload().getUid(),
                    e.getMessage());
            return null;
        }
    }
}
