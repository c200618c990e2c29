package io.culvert.core.mesh;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.culvert.identity.SpiffeId;
import io.culvert.proto.workload.WorkloadType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds a {@link Workload}. Owned by: whoever made it. */
public final class WorkloadBuilder {
    private final String uid;
    private final SpiffeId identity;
    private @Nullable String name;
    private @Nullable String namespace;
    private @Nullable String serviceAccount;
    private final List<Ip> addresses = new ArrayList<>();
    private String network = "";
    private String node = "";
    private boolean hbone;
    private boolean nativeTunnel;
    private boolean healthy = true;
    private boolean hostNetwork;
    private String hostname = "";
    private Locality locality = Locality.UNKNOWN;
    private int capacity = 1;
    private String canonicalName = "";
    private String canonicalRevision = "";
    private WorkloadType workloadType = WorkloadType.POD;
    private String workloadName = "";
    private String clusterId = "Kubernetes";
    private final Map<String, PortMap> services = new LinkedHashMap<>();
    private final List<String> authorizationPolicies = new ArrayList<>();
    private @Nullable GatewayRef waypoint;
    private @Nullable GatewayRef networkGateway;
    private int applicationTunnelPort;
    private @Nullable PodInfo pod;

    WorkloadBuilder(String uid, SpiffeId identity) {
        this.uid = uid;
        this.identity = identity;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder name(String value) {
        name = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder namespace(String value) {
        namespace = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder serviceAccount(String value) {
        serviceAccount = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder address(Ip value) {
        addresses.add(value);
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder network(String value) {
        network = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder node(String value) {
        node = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder hbone(boolean value) {
        hbone = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder nativeTunnel(boolean value) {
        nativeTunnel = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder healthy(boolean value) {
        healthy = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder hostNetwork(boolean value) {
        hostNetwork = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder hostname(String value) {
        hostname = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder locality(Locality value) {
        locality = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder capacity(int value) {
        capacity = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder canonical(String canonicalName, String canonicalRevision) {
        this.canonicalName = canonicalName;
        this.canonicalRevision = canonicalRevision;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder workload(WorkloadType type, String workloadName) {
        this.workloadType = type;
        this.workloadName = workloadName;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder clusterId(String value) {
        clusterId = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder service(String serviceKey, PortMap ports) {
        services.put(serviceKey, ports);
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder authorizationPolicy(String key) {
        authorizationPolicies.add(key);
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder waypoint(@Nullable GatewayRef value) {
        waypoint = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder networkGateway(@Nullable GatewayRef value) {
        networkGateway = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder applicationTunnelPort(int value) {
        applicationTunnelPort = value;
        return this;
    }

    @CanIgnoreReturnValue
    public WorkloadBuilder pod(@Nullable PodInfo value) {
        pod = value;
        return this;
    }

    /** The workload. A name, namespace or service account that was not given is read from the uid and the identity. */
    public Workload build() {
        String ns = namespace == null ? identity.namespace() : namespace;
        String account = serviceAccount == null ? identity.serviceAccount() : serviceAccount;
        return new Workload(
                uid,
                name == null ? uid.substring(uid.lastIndexOf('/') + 1) : name,
                ns == null ? "" : ns,
                account == null ? "" : account,
                identity,
                addresses,
                network,
                node,
                hbone,
                nativeTunnel,
                healthy,
                hostNetwork,
                hostname,
                locality,
                capacity,
                canonicalName,
                canonicalRevision,
                workloadType,
                workloadName,
                clusterId,
                Sharing.one(Map.copyOf(services)),
                Sharing.one(List.copyOf(authorizationPolicies)),
                waypoint,
                networkGateway,
                applicationTunnelPort,
                pod);
    }
}
