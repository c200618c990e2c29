package io.culvert.core.mesh;

import io.culvert.proto.workload.AppProtocol;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Service port to target port, for a service or for one of its endpoints; sorted by service port. Immutable. */
public final class PortMap {
    /** No ports. */
    public static final PortMap EMPTY = new PortMap(List.of());

    private static final Comparator<ServicePort> BY_SERVICE_PORT = Comparator.comparingInt(ServicePort::servicePort);

    private final int[] servicePorts;
    private final int[] targetPorts;
    private final List<ServicePort> ports;

    private PortMap(List<ServicePort> sorted) {
        ports = sorted;
        servicePorts = new int[sorted.size()];
        targetPorts = new int[sorted.size()];
        for (int i = 0; i < servicePorts.length; i++) {
            servicePorts[i] = sorted.get(i).servicePort();
            targetPorts[i] = sorted.get(i).targetPort();
        }
    }

    /** The map of {@code ports}; of two entries for one service port the first counts. */
    public static PortMap of(List<ServicePort> ports) {
        if (ports.isEmpty()) {
            return EMPTY;
        }
        List<ServicePort> sorted = new ArrayList<>(ports);
        sorted.sort(BY_SERVICE_PORT);
        return new PortMap(List.copyOf(sorted));
    }

    /** A map of one port. */
    public static PortMap of(int servicePort, int targetPort) {
        return new PortMap(List.of(new ServicePort(servicePort, targetPort, AppProtocol.UNKNOWN)));
    }

    /** The target port, or 0 when {@code servicePort} is not mapped (or mapped to "the service's own choice"). */
    public int target(int servicePort) {
        for (int i = 0; i < servicePorts.length; i++) {
            if (servicePorts[i] == servicePort) {
                return targetPorts[i];
            }
        }
        return 0;
    }

    /** Whether {@code servicePort} is in the map, whatever its target. */
    public boolean contains(int servicePort) {
        for (int port : servicePorts) {
            if (port == servicePort) {
                return true;
            }
        }
        return false;
    }

    /** The entries, by service port. */
    public List<ServicePort> ports() {
        return ports;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other == this || (other instanceof PortMap that && ports.equals(that.ports));
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(servicePorts);
    }

    @Override
    public String toString() {
        return ports.toString();
    }

    /**
     * One port of a service.
     *
     * @param targetPort port of the endpoint; 0 when endpoints say it themselves
     */
    public record ServicePort(int servicePort, int targetPort, AppProtocol appProtocol) {}
}
