package io.culvert.core.xds;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.culvert.proto.xds.Node;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Who asks, in the form of ztunnel's node ID and metadata, which istiod expects too. Immutable.
 *
 * @param nodeName name of the machine; the controller knows the pods on it by this
 * @param podName name of the agent's own pod, or of the agent
 * @param namespace of the agent
 * @param ip an address of the agent
 */
public record XdsNode(String nodeName, String podName, String namespace, String ip, String clusterId, String network) {
    /** An agent outside Kubernetes. */
    public static XdsNode standalone(String nodeName, String clusterId, String network) {
        return new XdsNode(nodeName, "culvert-" + nodeName, "culvert-system", "127.0.0.1", clusterId, network);
    }

    Node toProto() {
        Map<String, Value> metadata = new LinkedHashMap<>();
        metadata.put("NAME", text(podName));
        metadata.put("NAMESPACE", text(namespace));
        metadata.put("INSTANCE_IPS", text(ip));
        metadata.put("NODE_NAME", text(nodeName));
        metadata.put("CLUSTER_ID", text(clusterId));
        metadata.put("NETWORK", text(network));
        metadata.put("CULVERT", text("agent"));
        return Node.newBuilder()
                .setId("ztunnel~" + ip + "~" + podName + "." + namespace + "~" + namespace + ".svc.cluster.local")
                .setCluster(clusterId)
                .setMetadata(Struct.newBuilder().putAllFields(metadata))
                .build();
    }

    private static Value text(String value) {
        return Value.newBuilder().setStringValue(value).build();
    }
}
