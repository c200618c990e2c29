package io.culvert.config;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.WeightedBackend;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A compiler of routes with a small shop: service web of two ports, v1 and v2, and bank/vault. */
final class TestRoutes {
    static final String SHOP = """
            {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {culvert.io/use-waypoint: way}}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: bank, labels: {culvert.io/use-waypoint: way}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.1.0.1, selector: \
            {app: web}, ports: [{name: http, port: 80}, {name: http-more, port: 81}, {name: tcp-raw, port: 90}, \
            {name: tls-sec, port: 443}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: v1, namespace: shop}, spec: {clusterIP: 10.1.0.2, selector: \
            {app: web, v: '1'}, ports: [{name: http, port: 80}, {name: tls-sec, port: 443}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: v2, namespace: shop}, spec: {clusterIP: 10.1.0.3, selector: \
            {app: web, v: '2'}, ports: [{name: http, port: 80}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: vault, namespace: bank}, spec: {clusterIP: 10.1.0.4, selector: \
            {app: vault}, ports: [{name: grpc, port: 50}]}}
            """;
    static final String WEB = "shop/web.shop.svc.cluster.local";

    final RouteCompiler compiler;
    RouteUpdate last = new RouteUpdate(RouteTable.EMPTY, List.of(), Map.of());

    TestRoutes() {
        this(CompilerSettings.DEFAULTS);
    }

    TestRoutes(CompilerSettings settings) {
        compiler = new RouteCompiler(settings);
        put("shop.yaml", SHOP);
    }

    TestRoutes put(String file, @Nullable String text) {
        last = compiler.apply(SourceChanges.files(Collections.singletonMap(file, text)));
        return this;
    }

    /** A route of namespace shop for service web, given its kind and its rules in YAML's flow style. */
    static String route(String kind, String name, String rules) {
        return route(kind, "shop/" + name, "{group: '', kind: Service, name: web, namespace: shop}", rules);
    }

    static String route(String kind, String path, String parent, String rules) {
        String[] parts = path.split("/", -1);
        String version = kind.equals("HTTPRoute") || kind.equals("GRPCRoute") ? "v1" : "v1alpha2";
        return "apiVersion: gateway.networking.k8s.io/" + version + "\nkind: " + kind + "\nmetadata: {name: " + parts[1]
                + ", namespace: " + parts[0] + "}\nspec:\n  parentRefs: [" + parent + "]\n  rules: " + rules + "\n";
    }

    ServiceRoutes service(String key) {
        ServiceRoutes routes = last.table().service(key);
        if (routes == null) {
            throw new AssertionError(
                    "no routes of " + key + " in " + last.table().services().keySet() + messages());
        }
        return routes;
    }

    PortRoutes port(int port) {
        return Objects.requireNonNull(service(WEB).port(port), () -> "port " + port + " of " + service(WEB));
    }

    HttpRoutes http() {
        return port(80).http();
    }

    /** The names of the rules, without kind and namespace, in the order in which they are tried. */
    List<String> order() {
        List<String> names = new ArrayList<>();
        for (HttpRoutes.Entry entry : http().entries()) {
            names.add(entry.rule().name().replaceFirst("^[^/]*/[^/]*/", ""));
        }
        return names;
    }

    HttpRule rule() {
        return http().entries().getFirst().rule();
    }

    /** Backends of the first rule by cluster, or by what is wrong with them, with their weights. */
    Map<String, Integer> backends() {
        Map<String, Integer> backends = new LinkedHashMap<>();
        for (WeightedBackend backend : ((HttpAction.Forward) rule().action()).backends()) {
            backends.put(describe(backend.backend()), backend.weight());
        }
        return backends;
    }

    static String describe(Backend backend) {
        return switch (backend) {
            case Backend.ToCluster cluster -> cluster.key();
            case Backend.Invalid invalid -> invalid.status() + " " + invalid.reason();
        };
    }

    Cluster cluster(String key) {
        return Objects.requireNonNull(
                last.table().clusters().get(key),
                () -> key + " in " + last.table().clusters().keySet());
    }

    RouteStatus status(String resource) {
        return Objects.requireNonNull(
                last.statuses().get(resource),
                () -> resource + " in " + last.statuses().keySet());
    }

    /** {@code type=status/reason} of the conditions towards the only parent. */
    List<String> conditions(String resource) {
        List<String> conditions = new ArrayList<>();
        RouteStatus status = status(resource);
        List<RouteStatus.Condition> all = status.parents().isEmpty()
                ? status.conditions()
                : status.parents().getFirst().conditions();
        all.forEach(each -> conditions.add(each.type() + "=" + each.status() + "/" + each.reason()));
        return conditions;
    }

    List<String> messages() {
        return last.diagnostics().stream().map(Diagnostic::toString).toList();
    }
}
