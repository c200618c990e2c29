package io.culvert.config;

import com.google.protobuf.ByteString;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.proto.workload.IPFamilies;
import io.culvert.proto.workload.LoadBalancing;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A Service. Immutable.
 *
 * @param externalName whether it is only a DNS alias: then it is not compiled
 * @param clusterIps its virtual addresses; none for a headless one
 * @param ports TCP ports
 * @param selector null when its endpoints are written by hand
 */
record ServiceResource(
        Meta meta,
        boolean externalName,
        List<ByteString> clusterIps,
        List<Port> ports,
        @Nullable Selector selector,
        @Nullable LoadBalancing loadBalancing,
        IPFamilies families)
        implements Resource {
    /**
     * One port.
     *
     * @param target number or name of the pod's port
     */
    record Port(String name, int port, String target, AppProtocol protocol) {
        /** The target's number, or -1 when it is a name. */
        int targetNumber() {
            return PortText.parse(target);
        }
    }

    /** The port of a number; null when there is none. */
    @Nullable
    Port port(int number) {
        for (Port port : ports) {
            if (port.port() == number) {
                return port;
            }
        }
        return null;
    }

    /** {@code " (it has 80, 81)"}, for messages. */
    String portList() {
        List<String> numbers =
                ports.stream().map(port -> String.valueOf(port.port())).toList();
        return numbers.isEmpty() ? " (it has none)" : " (it has " + String.join(", ", numbers) + ")";
    }
}
