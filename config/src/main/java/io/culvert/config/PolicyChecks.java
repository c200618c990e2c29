package io.culvert.config;

import io.culvert.config.AuthorizationPolicyResource.Alternative;
import io.culvert.config.AuthorizationPolicyResource.Rule;
import io.culvert.proto.node.Probe;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What only shows when policies are held against the pods that they are for. Owned by: one analysis. */
final class PolicyChecks {
    private final Mesh mesh;
    private final Subjects subjects;
    private final List<Diagnostic> found;

    PolicyChecks(Mesh mesh, Subjects subjects, List<Diagnostic> found) {
        this.mesh = mesh;
        this.subjects = subjects;
        this.found = found;
    }

    void run() {
        for (AuthorizationPolicyResource policy : mesh.policies().all()) {
            if (!policy.refused() && Authorizations.isEmitted(policy)) {
                List<PodResource> pods = reach(policy);
                policy.rules().forEach(rule -> servicePorts(policy, rule, pods));
            }
        }
        for (PeerAuthenticationResource policy : mesh.peers().all()) {
            if (!policy.refused()) {
                reach(policy);
            }
        }
        for (NetworkPolicyResource policy : mesh.policies().allNetworkPolicies()) {
            selectsSomething(policy.meta(), "spec.podSelector", policy.pods(), subjects.inReach(policy.meta(), false));
        }
        subjects.all().forEach(this::holesInStrict);
    }

    // The pods that a policy is for; says when there are none, or none that anybody enforces it for.
    private List<PodResource> reach(PolicyResource policy) {
        List<PodResource> reach = subjects.inReach(policy.meta(), true);
        selectsSomething(policy.meta(), "spec.selector", policy.selector(), reach);
        List<PodResource> pods = Subjects.selected(reach, policy.selector());
        if (!pods.isEmpty()
                && pods.stream().noneMatch(pod -> subjects.enrolment(pod).enrolled())) {
            String why = subjects.enrolment(pods.getFirst()).reason();
            found.add(policy.meta()
                    .diagnostic(
                            Severity.WARNING,
                            "",
                            "nobody enforces it: no pod that it is for is in the mesh, as " + why));
        }
        return pods;
    }

    private void selectsSomething(Meta meta, String path, Selector selector, List<PodResource> reach) {
        if (!selector.isEmpty()
                && !reach.isEmpty()
                && Subjects.selected(reach, selector).isEmpty()) {
            found.add(meta.diagnostic(
                    Severity.WARNING,
                    path,
                    "matches no pod" + Subjects.valuesOf(selector, reach) + ": correct the labels"));
        }
    }

    // A policy sees the pod's port, and many write the service's.
    private void servicePorts(AuthorizationPolicyResource policy, Rule rule, List<PodResource> pods) {
        for (Alternative alternative : rule.to()) {
            for (int port : alternative.match().getDestinationPortsList()) {
                TreeSet<Integer> targets = new TreeSet<>();
                for (PodResource pod : pods) {
                    targets.addAll(targetsBehind(port, pod));
                }
                if (!targets.isEmpty() && !targets.contains(port)) {
                    found.add(policy.meta()
                            .diagnostic(
                                    Severity.WARNING,
                                    "spec.rules",
                                    "port " + port + " is a port of a service; a policy sees the pod's port behind it: "
                                            + "use " + targets.first()));
                }
            }
        }
    }

    private Set<Integer> targetsBehind(int port, PodResource pod) {
        TreeSet<Integer> targets = new TreeSet<>();
        for (ServiceResource service : mesh.services().all()) {
            boolean selects = service.meta().namespace().equals(pod.meta().namespace())
                    && service.selector() != null
                    && service.selector().matches(pod.meta().labels());
            for (ServiceResource.Port candidate : service.ports()) {
                Integer target = PodCompiler.target(pod, candidate, null);
                if (selects && target != null && (candidate.port() == port || target == port)) {
                    targets.add(target);
                }
            }
        }
        return targets;
    }

    private void holesInStrict(PodResource pod) {
        boolean strict =
                subjects.enrolment(pod).enrolled() && !mesh.peers().keys(pod).isEmpty();
        if (!strict) {
            return;
        }
        for (Probe probe : pod.probes()) {
            if (probe.getKind() == Probe.Kind.TCP) {
                found.add(pod.meta()
                        .diagnostic(
                                Severity.INFO,
                                "spec.containers",
                                "mutual TLS is STRICT, but TCP probe port " + probe.getPort()
                                        + " is reachable in clear from its node; an HTTP or gRPC probe is not"));
            }
        }
        if (!pod.exclusions().inboundPorts().isEmpty()) {
            found.add(pod.meta()
                    .diagnostic(
                            Severity.WARNING,
                            "metadata.annotations[" + CaptureExclusions.INBOUND_PORTS + "]",
                            "mutual TLS is STRICT, but these ports are not captured: anybody reaches them in clear"));
        }
    }
}
