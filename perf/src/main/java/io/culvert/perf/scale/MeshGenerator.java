package io.culvert.perf.scale;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.culvert.core.xds.ResourceType;
import io.culvert.proto.node.PodExtension;
import io.culvert.proto.node.Probe;
import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import io.culvert.proto.security.StringMatch;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.proto.workload.Extension;
import io.culvert.proto.workload.Locality;
import io.culvert.proto.workload.NetworkAddress;
import io.culvert.proto.workload.Port;
import io.culvert.proto.workload.PortList;
import io.culvert.proto.workload.Service;
import io.culvert.proto.workload.TunnelProtocol;
import io.culvert.proto.workload.Workload;
import io.culvert.proto.workload.WorkloadStatus;
import io.culvert.proto.workload.WorkloadType;
import io.culvert.proto.xds.Resource;

/**
 * A mesh as the controller would send it, number by number: a hundred namespaces, pods in deployments behind services,
 * policies of the whole mesh, of namespaces and of deployments. The names are as long as those of real clusters.
 * Immutable.
 */
public final class MeshGenerator {
    private static final int NAMESPACES = 100;
    private static final int NODES = 1_000;
    private static final int GLOBAL_POLICIES = 10;
    private static final int NAMESPACE_POLICIES = 200;
    private static final int RULES = 3;
    private static final int POD_RANGE = 10 << 24 | 128 << 16;
    private static final int VIP_RANGE = 10 << 24 | 96 << 16;
    private static final PortList PORTS = PortList.newBuilder()
            .addPorts(port(80, 8080, AppProtocol.HTTP11))
            .addPorts(port(443, 8443, AppProtocol.TLS))
            .build();

    private final int services;
    private final int policies;

    /**
     * @param services pods spread over this many
     * @param policies those of deployments are spread over the services
     */
    public MeshGenerator(int services, int policies) {
        this.services = services;
        this.policies = policies;
    }

    /** The node of pod {@code i}. */
    public static String node(int i) {
        int n = i % NODES;
        return "ip-10-0-" + n / 250 + "-" + n % 250 + ".eu-central-1.compute.internal";
    }

    /** The namespace of service {@code i} and of its pods. */
    public static String namespace(int i) {
        return "team-" + i % NAMESPACES;
    }

    /** The host name of service {@code i}. */
    public static String hostname(int i) {
        return "service-" + i + "." + namespace(i) + ".svc.cluster.local";
    }

    /** The address of pod {@code i}. */
    public static int podAddress(int i) {
        return POD_RANGE + i;
    }

    /** The virtual address of service {@code i}. */
    public static int vip(int i) {
        return VIP_RANGE + i;
    }

    /** The uid of pod {@code i}. */
    public String uid(int i) {
        return "Kubernetes//Pod/" + namespace(i % services) + "/" + podName(i);
    }

    private String podName(int i) {
        String hash = Integer.toString(mix(i) >>> 1, 36) + "bcdfghj";
        return "service-" + i % services + "-" + Integer.toHexString(mix(i % services)) + "-" + hash.substring(0, 5);
    }

    /** Pod {@code i}; {@code mark} makes it another version of itself. */
    public Workload workload(int i, String mark) {
        int service = i % services;
        String name = "service-" + service;
        Workload.Builder workload = Workload.newBuilder()
                .setUid(uid(i))
                .setName(podName(i))
                .setNamespace(namespace(service))
                .addAddresses(address(podAddress(i)))
                .setTunnelProtocol(TunnelProtocol.HBONE)
                .setTrustDomain("cluster.local")
                .setServiceAccount(name)
                .setNode(node(i))
                .setCanonicalName(name)
                .setCanonicalRevision("v" + (1 + service % 3))
                .setWorkloadType(WorkloadType.DEPLOYMENT)
                .setWorkloadName(name)
                .setClusterId("Kubernetes")
                .setHostname(mark)
                .setStatus(mark.isEmpty() || i % 2 == 0 ? WorkloadStatus.HEALTHY : WorkloadStatus.UNHEALTHY)
                .setLocality(
                        Locality.newBuilder().setRegion("eu-central-1").setZone("eu-central-1" + (char) ('a' + i % 3)))
                .putServices(namespace(service) + "/" + hostname(service), PORTS)
                .addExtensions(extension(i));
        for (int p = firstOfDeployments() + service; p < policies; p += services) {
            workload.addAuthorizationPolicies(policyKey(p));
        }
        return workload.build();
    }

    private static Extension extension(int i) {
        PodExtension pod = PodExtension.newBuilder()
                .setEnrolled(true)
                .addProbes(Probe.newBuilder()
                        .setKind(Probe.Kind.HTTP)
                        .setPort(8080)
                        .setPath("/healthz/live"))
                .addProbes(Probe.newBuilder()
                        .setKind(Probe.Kind.HTTP)
                        .setPort(8080)
                        .setPath("/healthz/ready"))
                .addNodeAddresses("10.0." + i % NODES / 250 + "." + i % NODES % 250)
                .setPodUid(new java.util.UUID((long) mix(i) << 32 | i, mix(i + 1)).toString())
                .build();
        return Extension.newBuilder()
                .setName("culvert.io/pod")
                .setConfig(Any.pack(pod))
                .build();
    }

    /** Service {@code i}; {@code mark} makes it another version of itself. */
    public Service service(int i, String mark) {
        Service.Builder service = Service.newBuilder()
                .setName("service-" + i)
                .setNamespace(namespace(i))
                .setHostname(hostname(i))
                .addAddresses(NetworkAddress.newBuilder().setAddress(address(vip(i))))
                .addAllPorts(PORTS.getPortsList())
                .setCanonical(true);
        if (!mark.isEmpty()) {
            service.addSubjectAltNames(mark);
        }
        return service.build();
    }

    private int firstOfDeployments() {
        return Math.min(policies, GLOBAL_POLICIES + NAMESPACE_POLICIES);
    }

    /** The key of policy {@code i}. */
    public String policyKey(int i) {
        return policyNamespace(i) + "/policy-" + i;
    }

    private String policyNamespace(int i) {
        int first = firstOfDeployments();
        return i < GLOBAL_POLICIES ? "istio-system" : namespace(i < first ? i : (i - first) % services);
    }

    /** Policy {@code i}; {@code mark} makes it another version of itself. */
    public Authorization policy(int i, String mark) {
        Authorization.Builder policy = Authorization.newBuilder()
                .setName("policy-" + i)
                .setNamespace(policyNamespace(i))
                .setScope(
                        i < GLOBAL_POLICIES
                                ? Scope.GLOBAL
                                : i < firstOfDeployments() ? Scope.NAMESPACE : Scope.WORKLOAD_SELECTOR)
                .setAction(i % 5 == 0 ? Action.DENY : Action.ALLOW);
        for (int r = 0; r < RULES; r++) {
            policy.addRules(rule(i * RULES + r));
        }
        if (!mark.isEmpty()) {
            policy.addRules(Rule.newBuilder()
                    .addClauses(Clause.newBuilder()
                            .addMatches(Match.newBuilder()
                                    .addNamespaces(StringMatch.newBuilder().setExact(mark)))));
        }
        return policy.build();
    }

    private Rule rule(int seed) {
        Match.Builder who = Match.newBuilder();
        for (int k = 0; k < 3; k++) {
            int service = Math.floorMod(mix(seed * 3 + k), services);
            who.addPrincipals(StringMatch.newBuilder()
                    .setExact("cluster.local/ns/" + namespace(service) + "/sa/service-" + service));
        }
        return Rule.newBuilder()
                .addClauses(Clause.newBuilder().addMatches(who))
                .addClauses(Clause.newBuilder()
                        .addMatches(
                                Match.newBuilder().addDestinationPorts(8080).addDestinationPorts(9_000 + seed % 10)))
                .build();
    }

    /** As a resource of the xDS protocol. */
    static Resource resource(ResourceType type, String name, Message body) {
        return Resource.newBuilder()
                .setName(name)
                .setVersion(Integer.toHexString(body.hashCode()) + Integer.toHexString(name.hashCode()))
                .setResource(Any.newBuilder().setTypeUrl(type.url()).setValue(body.toByteString()))
                .build();
    }

    Resource workloadResource(int i, String mark) {
        return resource(
                ResourceType.ADDRESS,
                uid(i),
                Address.newBuilder().setWorkload(workload(i, mark)).build());
    }

    Resource serviceResource(int i, String mark) {
        return resource(
                ResourceType.ADDRESS,
                namespace(i) + "/" + hostname(i),
                Address.newBuilder().setService(service(i, mark)).build());
    }

    Resource policyResource(int i, String mark) {
        return resource(ResourceType.AUTHORIZATION, policyKey(i), policy(i, mark));
    }

    private static Port port(int service, int target, AppProtocol protocol) {
        return Port.newBuilder()
                .setServicePort(service)
                .setTargetPort(target)
                .setAppProtocol(protocol)
                .build();
    }

    private static ByteString address(int ipv4) {
        return ByteString.copyFrom(
                new byte[] {(byte) (ipv4 >>> 24), (byte) (ipv4 >>> 16), (byte) (ipv4 >>> 8), (byte) ipv4});
    }

    /** Numbers without a pattern, the same in each run. */
    private static int mix(int i) {
        int x = i * 0x9E3779B9;
        x = (x ^ x >>> 16) * 0x85EBCA6B;
        return x ^ x >>> 13;
    }
}
