package io.culvert.core.mesh;

import com.google.protobuf.InvalidProtocolBufferException;
import io.culvert.proto.node.PodExtension;
import io.culvert.proto.workload.Extension;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the extension {@code culvert.io/pod} of a workload. Any thread. */
final class PodExtensions {
    static final String NAME = "culvert.io/pod";

    private PodExtensions() {}

    /** The pod's extension, null when the workload has none. */
    static @Nullable PodInfo find(List<Extension> extensions) throws InvalidResourceException {
        for (Extension extension : extensions) {
            if (extension.getName().equals(NAME)) {
                try {
                    return decode(extension.getConfig().unpack(PodExtension.class));
                } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
                    throw new InvalidResourceException("extension " + NAME + ": " + e.getMessage());
                }
            }
        }
        return null;
    }

    private static PodInfo decode(PodExtension pod) {
        List<PodInfo.Probe> probes = new ArrayList<>();
        for (var probe : pod.getProbesList()) {
            probes.add(new PodInfo.Probe(kind(probe.getKind()), probe.getPort(), probe.getPath()));
        }
        return new PodInfo(
                pod.getEnrolled(),
                pod.getNotEnrolledReason(),
                existing(pod.getExistingConnections()),
                pod.getDrainSeconds(),
                probes,
                pod.getExcludeInboundPortsList(),
                pod.getExcludeOutboundPortsList(),
                pod.getExcludeOutboundCidrsList().stream().map(Cidr::parse).toList(),
                pod.getNetworkPolicy(),
                pod.getNodeAddressesList().stream().map(Ip::parse).toList(),
                pod.getPodUid());
    }

    private static PodInfo.Probe.Kind kind(io.culvert.proto.node.Probe.Kind kind) {
        return switch (kind) {
            case TCP -> PodInfo.Probe.Kind.TCP;
            case HTTP -> PodInfo.Probe.Kind.HTTP;
            case GRPC -> PodInfo.Probe.Kind.GRPC;
            case UNRECOGNIZED -> throw new IllegalArgumentException("a probe's kind is unknown to this version");
        };
    }

    private static PodInfo.ExistingConnections existing(io.culvert.proto.node.ExistingConnections choice) {
        return switch (choice) {
            case KEEP -> PodInfo.ExistingConnections.KEEP;
            case DRAIN -> PodInfo.ExistingConnections.DRAIN;
            case RESET -> PodInfo.ExistingConnections.RESET;
            case UNRECOGNIZED -> throw new IllegalArgumentException("existing_connections is unknown to this version");
        };
    }
}
