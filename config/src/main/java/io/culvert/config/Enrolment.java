package io.culvert.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether a pod is in the mesh, and why not. Immutable.
 *
 * @param reason "" when it is
 */
record Enrolment(boolean enrolled, String reason) {
    static final String LABEL = "culvert.io/mesh";
    static final String ISTIO_LABEL = "istio.io/dataplane-mode";

    private static final String SIDECAR = "sidecar.istio.io/status";

    /**
     * Decides.
     *
     * @param namespace labels of the pod's namespace
     */
    static Enrolment of(PodResource pod, Map<String, String> namespace, boolean istioLabels) {
        if (pod.terminal()) {
            return no("the pod has ended");
        }
        if (pod.hostNetwork()) {
            return no("the pod uses its node's network (hostNetwork: true)");
        }
        if (WaypointBinding.isWaypoint(pod.meta(), istioLabels)) {
            return no("the pod is a waypoint");
        }
        if (pod.meta().annotations().containsKey(SIDECAR)) {
            return no("the pod has a sidecar (annotation " + SIDECAR + ")");
        }
        Enrolment own = byLabels("the pod", pod.meta().labels(), istioLabels);
        if (own != null) {
            return own;
        }
        Enrolment inherited = byLabels("namespace " + pod.meta().namespace(), namespace, istioLabels);
        return inherited != null
                ? inherited
                : no("neither the pod nor namespace " + pod.meta().namespace() + " has the label " + LABEL
                        + ": enabled");
    }

    private static @Nullable Enrolment byLabels(String whose, Map<String, String> labels, boolean istioLabels) {
        String value = labels.getOrDefault(LABEL, "");
        if (value.equals("enabled")) {
            return new Enrolment(true, "");
        }
        if (value.equals("disabled")) {
            return no(whose + " has the label " + LABEL + ": disabled");
        }
        String istio = istioLabels ? labels.getOrDefault(ISTIO_LABEL, "") : "";
        if (istio.equals("ambient")) {
            return new Enrolment(true, "");
        }
        return istio.equals("none") ? no(whose + " has the label " + ISTIO_LABEL + ": none") : null;
    }

    private static Enrolment no(String reason) {
        return new Enrolment(false, reason);
    }

    /** Reports a value of our label that means nothing. */
    static void checkLabel(Fields root, Meta meta) {
        String value = meta.labels().get(LABEL);
        if (value != null && !value.equals("enabled") && !value.equals("disabled")) {
            Annotations.labelError(
                    root, LABEL, "\"" + value + "\" is neither enabled nor disabled: as if the label were not there");
        }
    }
}
