package io.culvert.config;

import com.google.protobuf.ByteString;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** What only shows when services and pods are held against each other. Owned by: one analysis. */
final class ServiceChecks {
    private final Mesh mesh;
    private final Subjects subjects;
    private final List<Diagnostic> found;
    private final Map<ByteString, ResourceKey> addresses = new HashMap<>();

    ServiceChecks(Mesh mesh, Subjects subjects, List<Diagnostic> found) {
        this.mesh = mesh;
        this.subjects = subjects;
        this.found = found;
    }

    void run() {
        List<ServiceResource> services = StreamSupport.stream(
                        mesh.services().all().spliterator(), false)
                .sorted(Comparator.comparing(Resource::key))
                .toList();
        for (ServiceResource service : services) {
            addresses(service);
            if (!service.externalName()
                    && mesh.services().slicesOf(service.key()).isEmpty()) {
                endpoints(service);
            }
        }
        subjects.all().forEach(this::pod);
    }

    private void addresses(ServiceResource service) {
        for (ByteString address : service.clusterIps()) {
            ResourceKey other = addresses.putIfAbsent(address, service.key());
            ResourceKey pod = mesh.pods().holder(address);
            report(service, address, other);
            report(service, address, pod);
        }
    }

    private void report(ServiceResource service, ByteString address, @Nullable ResourceKey other) {
        if (other != null) {
            found.add(service.meta()
                    .diagnostic(
                            Severity.ERROR,
                            "spec.clusterIPs",
                            AddressText.format(address) + " is the address of " + other
                                    + " too: give one of them another"));
        }
    }

    private void endpoints(ServiceResource service) {
        Meta meta = service.meta();
        Selector selector = service.selector();
        if (selector == null) {
            found.add(meta.diagnostic(
                    Severity.WARNING,
                    "spec.selector",
                    "has no endpoints: add a selector, or an EndpointSlice with the label kubernetes.io/service-name: "
                            + meta.name()));
            return;
        }
        List<PodResource> reach = subjects.inReach(meta, false);
        List<PodResource> pods = Subjects.selected(reach, selector);
        if (pods.isEmpty()) {
            if (!reach.isEmpty()) {
                found.add(meta.diagnostic(
                        Severity.WARNING,
                        "spec.selector",
                        "matches no pod" + Subjects.valuesOf(selector, reach) + ": correct the labels"));
            }
            return;
        }
        for (ServiceResource.Port port : service.ports()) {
            if (pods.stream().allMatch(pod -> PodCompiler.target(pod, port, null) == null)) {
                found.add(meta.diagnostic(
                        Severity.WARNING,
                        "spec.ports",
                        "targetPort " + port.target() + " of port " + port.port()
                                + " is the name of no container port of its pods: nothing reaches them"));
            }
        }
    }

    private void pod(PodResource pod) {
        Meta meta = pod.meta();
        Enrolment enrolment = subjects.enrolment(pod);
        boolean asked = meta.labels().getOrDefault(Enrolment.LABEL, "").equals("enabled");
        if (asked && !enrolment.enrolled()) {
            found.add(meta.diagnostic(
                    Severity.WARNING,
                    "metadata.labels[" + Enrolment.LABEL + "]",
                    "asks for the mesh, but cannot be in it: " + enrolment.reason()));
        }
        if (!pod.node().isEmpty() && !mesh.nodes().isEmpty() && !mesh.nodes().containsKey(pod.node())) {
            found.add(meta.diagnostic(
                    Severity.WARNING,
                    "spec.nodeName",
                    "there is no Node " + pod.node()
                            + Suggestion.of(pod.node(), mesh.nodes().keySet())));
        }
    }
}
