package io.culvert.lab;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The services of the cluster and their addresses. Owned by: the lab, under its lock. */
final class Services {
    static final Cidr CLUSTER_4 = Cidr.of("10.96.0.0/16");
    static final Cidr CLUSTER_6 = Cidr.of("fd00:10:96::/112");
    private static final int FIRST = 10;

    private final Map<String, ServiceSpec> services = new TreeMap<>();
    private int allocated = FIRST;

    /** Adds or replaces a service; returns it as the API server would show it, with its cluster IPs. */
    Resource put(Resource service) {
        String key = service.key().toString();
        ServiceSpec known = services.get(key);
        List<String> addresses = known != null && !known.headless() ? known.clusterIps() : allocate();
        ServiceSpec spec = ServiceSpec.of(service, addresses);
        services.put(key, spec);
        if (spec.headless()) {
            return service;
        }
        Map<String, Object> shown = Yaml.copy(service.tree().map());
        Map<String, Object> fields = Yaml.child(shown, "spec");
        fields.put("clusterIP", spec.clusterIps().getFirst());
        fields.put("clusterIPs", spec.clusterIps());
        return service.with(shown);
    }

    void remove(Resource.Key key) {
        services.remove(key.toString());
    }

    Collection<ServiceSpec> all() {
        return services.values();
    }

    /** Every port of {@code service} with the pods behind it. */
    static List<ServicePort> ports(ServiceSpec service, Collection<LabPod> pods) {
        return service.ports().stream()
                .map(port -> new ServicePort(service, port, backends(service, port, pods)))
                .toList();
    }

    private static List<Backend> backends(ServiceSpec service, ServiceSpec.Port port, Collection<LabPod> pods) {
        List<Backend> backends = new ArrayList<>();
        for (LabPod pod : pods) {
            Integer target = pod.spec().port(port.target());
            if (pod.attached()
                    && target != null
                    && pod.namespace().equals(service.namespace())
                    && service.selects(pod.resource().labels())) {
                boolean leaving = pod.phase() == LabPod.Phase.TERMINATING;
                for (String ip : pod.ips()) {
                    backends.add(new Backend(pod.name(), pod.node().name(), ip, target, pod.ready(), leaving));
                }
            }
        }
        return backends;
    }

    private List<String> allocate() {
        int index = allocated++;
        return List.of(CLUSTER_4.address(index), CLUSTER_6.address(index));
    }
}
