package io.culvert.config;

import org.jspecify.annotations.Nullable;

/**
 * What a route is attached to. Immutable.
 *
 * @param group "" is Kubernetes' core
 * @param port null: all ports
 * @param section name of a port, or of a gateway's listener; "" for all
 */
record ParentRef(
        String group,
        String kind,
        String namespace,
        String name,
        @Nullable Integer port,
        String section,
        Fields.Place place) {
    boolean isService() {
        return group.isEmpty() && kind.equals("Service");
    }

    boolean isGateway() {
        return group.equals(Kind.GATEWAY.group()) && kind.equals(Kind.GATEWAY.label());
    }

    ResourceKey service() {
        return new ResourceKey(Kind.SERVICE, namespace, name);
    }

    /** {@code Kind namespace/name[:port][#section]}. */
    @Override
    public String toString() {
        return kind + " " + namespace + "/" + name + (port == null ? "" : ":" + port)
                + (section.isEmpty() ? "" : "#" + section);
    }
}
