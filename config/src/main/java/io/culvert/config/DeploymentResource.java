package io.culvert.config;

import java.util.List;
import java.util.Map;

/** A Deployment: what its pods will look like, for analysis only; pods are what is compiled. Immutable. */
record DeploymentResource(
        Meta meta, Map<String, String> podLabels, String serviceAccount, Map<String, Integer> portNames)
        implements Resource {
    /** A pod as it will be, with neither node nor address; findings about it name the Deployment. */
    PodResource template() {
        Meta pod = new Meta(meta.key(), podLabels, Map.of(), "", null, false, List.of(), meta.origin());
        CaptureExclusions none = new CaptureExclusions(List.of(), List.of(), List.of());
        return new PodResource(pod, "", serviceAccount, false, List.of(), false, null, portNames, List.of(), none);
    }
}
