package io.culvert.config;

/** Reads GatewayClasses. */
final class GatewayClassReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        String controller = "";
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
        } else {
            controller = GatewayFields.required(spec, "controllerName");
            if (spec.has("parametersRef") && meta.name().equals(GatewayResource.CLASS)) {
                spec.warning("parametersRef", "is not looked at: a waypoint's settings stand in its Gateway");
            }
            spec.known("description", "parametersRef").finish();
        }
        return new GatewayClassResource(meta, controller);
    }
}
