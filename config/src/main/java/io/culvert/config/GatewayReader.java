package io.culvert.config;

import io.culvert.config.GatewayResource.From;
import io.culvert.config.GatewayResource.Listener;
import io.culvert.config.GatewayResource.Traffic;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads Gateways: those of a waypoint's class; of others nothing but the class. */
final class GatewayReader implements KindReader {
    static final String WAYPOINT_FOR = "culvert.io/waypoint-for";
    static final String ISTIO_WAYPOINT_FOR = "istio.io/waypoint-for";

    private static final Set<String> UNUSED =
            Set.of("addresses", "backendTLS", "tls", "allowedListeners", "defaultScope");

    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new GatewayResource(meta, "", Traffic.SERVICE, List.of());
        }
        String className = GatewayFields.required(spec, "gatewayClassName");
        boolean ours = className.equals(GatewayResource.CLASS) || className.equals(GatewayResource.ISTIO_CLASS);
        if (!ours) {
            return new GatewayResource(meta, className, Traffic.SERVICE, List.of());
        }
        List<Listener> listeners = new ArrayList<>();
        for (Fields listener : spec.objects("listeners")) {
            listeners.add(listener(listener));
        }
        for (String name : new TreeSet<>(UNUSED)) {
            if (spec.has(name)) {
                spec.warning(name, "is not looked at: a waypoint has an address and an identity of its own");
            }
        }
        // Labels and annotations of what runs the waypoint: for who starts it.
        Fields infrastructure = spec.object("infrastructure");
        if (infrastructure != null) {
            if (infrastructure.has("parametersRef")) {
                infrastructure.warning("parametersRef", "is not looked at: a waypoint's settings stand in its Gateway");
            }
            infrastructure.known("labels", "annotations", "parametersRef").finish();
        }
        spec.finish();
        return new GatewayResource(meta, className, traffic(root, meta), List.copyOf(listeners));
    }

    private static Traffic traffic(Fields root, Meta meta) {
        String label = meta.labels().containsKey(WAYPOINT_FOR) ? WAYPOINT_FOR : ISTIO_WAYPOINT_FOR;
        String text = meta.labels().getOrDefault(label, "service");
        for (Traffic traffic : Traffic.values()) {
            if (traffic.name().toLowerCase(Locale.ROOT).equals(text)) {
                return traffic;
            }
        }
        Fields.Place place = root.place();
        root.context()
                .add(
                        Severity.ERROR,
                        place.line(),
                        "metadata.labels[" + label + "]",
                        "\"" + text + "\" is not one of service, workload, all, none");
        return Traffic.SERVICE;
    }

    private static Listener listener(Fields listener) {
        String name = GatewayFields.required(listener, "name");
        Integer port = listener.number("port", 1, 65535);
        if (port == null && !listener.has("port")) {
            listener.error("port", "is missing");
        }
        String protocol = GatewayFields.required(listener, "protocol");
        if (listener.has("hostname") || listener.has("tls")) {
            listener.warning(
                    listener.has("tls") ? "tls" : "hostname",
                    "is not looked at: a waypoint takes HBONE, by its own identity");
        }
        From from = From.Same;
        Selector selector = null;
        Set<String> kinds = new TreeSet<>();
        Fields allowed = listener.object("allowedRoutes");
        if (allowed != null) {
            Fields namespaces = allowed.object("namespaces");
            if (namespaces != null) {
                from = Objects.requireNonNullElse(namespaces.choice("from", From.class), From.Same);
                selector = selector(namespaces, from);
                namespaces.finish();
            }
            for (Fields kind : allowed.objects("kinds")) {
                kinds.add(GatewayFields.required(kind, "kind"));
                kind.known("group").finish();
            }
            allowed.finish();
        }
        listener.known("hostname", "tls").finish();
        return new Listener(
                name, port == null ? 0 : port, protocol, from, selector, Set.copyOf(kinds), listener.place());
    }

    private static @Nullable Selector selector(Fields namespaces, From from) {
        Fields selector = namespaces.object("selector");
        if (from != From.Selector) {
            return null;
        }
        if (selector == null) {
            if (!namespaces.has("selector")) {
                namespaces.error("selector", "is missing: from: Selector needs it");
            }
            return null;
        }
        return SelectorReader.read(selector);
    }
}
