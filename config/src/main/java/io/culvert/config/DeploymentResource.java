package io.culvert.config;

import java.util.Map;

/** A Deployment: what its pods will look like, for analysis only; pods are what is compiled. Immutable. */
record DeploymentResource(Meta meta, Map<String, String> podLabels, String serviceAccount) implements Resource {}
