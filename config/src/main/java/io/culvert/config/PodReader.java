package io.culvert.config;

import com.google.protobuf.ByteString;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads Pods. */
final class PodReader implements KindReader {
    private static final String[] SPEC_FIELDS = {
        "activeDeadlineSeconds",
        "affinity",
        "automountServiceAccountToken",
        "dnsConfig",
        "dnsPolicy",
        "enableServiceLinks",
        "ephemeralContainers",
        "hostAliases",
        "hostIPC",
        "hostPID",
        "hostUsers",
        "hostname",
        "hostnameOverride",
        "imagePullSecrets",
        "nodeSelector",
        "os",
        "overhead",
        "preemptionPolicy",
        "priority",
        "priorityClassName",
        "readinessGates",
        "resourceClaims",
        "resources",
        "restartPolicy",
        "runtimeClassName",
        "schedulerName",
        "schedulingGates",
        "securityContext",
        "setHostnameAsFQDN",
        "shareProcessNamespace",
        "subdomain",
        "terminationGracePeriodSeconds",
        "tolerations",
        "topologySpreadConstraints",
        "volumes",
        "workloadRef"
    };
    private static final String[] STATUS_FIELDS = {
        "allocatedResources",
        "containerStatuses",
        "ephemeralContainerStatuses",
        "extendedResourceClaimStatus",
        "hostIP",
        "hostIPs",
        "initContainerStatuses",
        "message",
        "nominatedNodeName",
        "observedGeneration",
        "qosClass",
        "reason",
        "resize",
        "resourceClaimStatuses",
        "resources",
        "startTime"
    };

    @Override
    public Resource read(Fields root, Meta meta) {
        Enrolment.checkLabel(root, meta);
        WaypointBinding.check(root, meta);
        CaptureExclusions exclusions = CaptureExclusions.read(root, meta);
        Fields spec = root.object("spec");
        Fields status = root.object("status");
        root.finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new PodResource(meta, "", "default", false, List.of(), false, null, Map.of(), List.of(), exclusions);
        }
        ContainerReader containers = new ContainerReader();
        spec.objects("containers").forEach(containers::read);
        spec.objects("initContainers").forEach(containers::read);
        String account = spec.text("serviceAccountName", spec.text("serviceAccount", ""));
        account = account.isEmpty() ? "default" : account;
        if (!NameGrammar.isDnsName(account)) {
            spec.error("serviceAccountName", "\"" + account + "\" is no name of a ServiceAccount");
        }
        String node = spec.text("nodeName", "");
        boolean hostNetwork = spec.flag("hostNetwork");
        spec.known(SPEC_FIELDS).finish();
        String phase = status == null ? "" : status.text("phase", "");
        return new PodResource(
                meta,
                node,
                account,
                hostNetwork,
                status == null ? List.of() : addresses(status),
                phase.equals("Succeeded") || phase.equals("Failed"),
                status == null ? null : ready(status),
                containers.portNames(),
                containers.probes(),
                exclusions);
    }

    private static List<ByteString> addresses(Fields status) {
        Set<ByteString> addresses = new LinkedHashSet<>();
        for (Fields ip : status.objects("podIPs")) {
            address(ip, "ip", addresses);
            ip.finish();
        }
        if (status.has("podIP")) {
            address(status, "podIP", addresses);
        }
        return List.copyOf(addresses);
    }

    private static void address(Fields fields, String name, Set<ByteString> addresses) {
        String text = fields.text(name, "");
        byte[] bytes = AddressText.parse(text);
        if (bytes != null) {
            addresses.add(ByteString.copyFrom(bytes));
        } else if (!text.isEmpty()) {
            fields.error(name, "\"" + text + "\" is no IP address");
        }
    }

    private static @Nullable Boolean ready(Fields status) {
        Boolean ready = null;
        for (Fields condition : status.objects("conditions")) {
            if (condition.text("type", "").equals("Ready")) {
                ready = condition.text("status", "").equals("True");
            }
        }
        status.known(STATUS_FIELDS).finish();
        return ready;
    }
}
