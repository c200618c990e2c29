package io.culvert.config;

import java.util.Map;

/** Reads Deployments. */
final class DeploymentReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        Fields template = spec == null ? null : spec.object("template");
        if (template == null) {
            root.error("spec", "has no template: a Deployment says there what its pods are");
            return new DeploymentResource(meta, Map.of(), "default", Map.of());
        }
        Fields metadata = template.object("metadata");
        Map<String, String> labels = metadata == null ? Map.of() : SelectorReader.labels(metadata, "labels");
        Fields podSpec = template.object("spec");
        String account = podSpec == null ? "" : podSpec.text("serviceAccountName", "");
        ContainerReader containers = new ContainerReader();
        if (podSpec != null) {
            podSpec.objects("containers").forEach(containers::read);
        }
        return new DeploymentResource(meta, labels, account.isEmpty() ? "default" : account, containers.portNames());
    }
}
