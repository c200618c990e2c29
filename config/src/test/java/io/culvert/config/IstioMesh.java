package io.culvert.config;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.WeightedBackend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A compiler of routes over the services of default: reviews, my-service, payments and two-ports. */
final class IstioMesh {
    static final String SERVICES = """
            {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {culvert.io/use-waypoint: wp}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: my-service}, spec: {clusterIP: 10.1.0.2, ports: [{name: http, port: 80}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: payments}, spec: {clusterIP: 10.1.0.3, ports: [{name: http, port: 80}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: two-ports}, spec: {clusterIP: 10.1.0.4, ports: [{name: http-a, port: 80}, {name: http-b, port: 81}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: web-api}, spec: {clusterIP: 10.1.0.5, ports: [{name: http, port: 80}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: far, namespace: other}, spec: {clusterIP: 10.1.0.6, ports: [{name: http, port: 80}]}}
            """;
    static final String SUBSETS = """
            ---
            {apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: reviews}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}}
            ---
            {apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: my-service}, spec: {host: my-service, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}}
            ---
            {apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: payments}, spec: {host: payments, subsets: [{name: stable, labels: {version: v1}}, {name: canary, labels: {version: v2}}]}}
            """;

    final RouteCompiler compiler;
    RouteUpdate last = new RouteUpdate(RouteTable.EMPTY, List.of(), Map.of());

    IstioMesh() {
        this(SERVICES + SUBSETS);
    }

    IstioMesh(String services) {
        this(services, CompilerSettings.DEFAULTS);
    }

    IstioMesh(String services, CompilerSettings settings) {
        compiler = new RouteCompiler(settings);
        put("services.yaml", services);
    }

    IstioMesh put(String file, @Nullable String text) {
        last = compiler.apply(SourceChanges.files(Collections.singletonMap(file, text)));
        return this;
    }

    /** A file of the fixtures. */
    IstioMesh example(String name) {
        return put(name, text(name));
    }

    static String text(String name) {
        try (var in = IstioMesh.class.getResourceAsStream("/examples/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A VirtualService of default for reviews with one HTTP rule, in YAML's flow style. */
    IstioMesh rule(String rule) {
        return virtual("vs", "hosts: [reviews], http: [" + rule + "]");
    }

    /** The same, with a destination in it. */
    IstioMesh toReviews(String fields) {
        return rule("{route: [{destination: {host: reviews}}], " + fields + "}");
    }

    IstioMesh virtual(String name, String spec) {
        return put(
                name + ".yaml",
                "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: " + name + "}, spec: {"
                        + spec + "}}");
    }

    IstioMesh destination(String name, String spec) {
        return put(
                name + ".yaml",
                "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: " + name + "}, spec: {"
                        + spec + "}}");
    }

    static String key(String service) {
        String[] parts = service.contains("/") ? service.split("/", -1) : new String[] {"default", service};
        return parts[0] + "/" + parts[1] + "." + parts[0] + ".svc.cluster.local";
    }

    ServiceRoutes service(String service) {
        ServiceRoutes routes = last.table().service(key(service));
        if (routes == null) {
            throw new AssertionError("no routes of " + service + messages());
        }
        return routes;
    }

    PortRoutes port(String service, int port) {
        return Objects.requireNonNull(service(service).port(port), () -> service + ":" + port + messages());
    }

    HttpRoutes http(String service) {
        return port(service, 80).http();
    }

    /** The first rule of reviews. */
    HttpRule rule() {
        return entry(0).rule();
    }

    HttpMatch match() {
        return entry(0).match();
    }

    HttpRoutes.Entry entry(int index) {
        HttpRoutes routes = http("reviews");
        if (routes.entries().size() <= index) {
            throw new AssertionError("no rule " + index + " in " + routes + messages());
        }
        return routes.entries().get(index);
    }

    /** Backends by what follows the service key, or by what is wrong with them, with their weights. */
    static Map<String, Integer> backends(HttpRule rule) {
        return backends(((HttpAction.Forward) rule.action()).backends());
    }

    static Map<String, Integer> backends(List<WeightedBackend> all) {
        Map<String, Integer> backends = new LinkedHashMap<>();
        for (WeightedBackend backend : all) {
            backends.put(describe(backend.backend()), backend.weight());
        }
        return backends;
    }

    static String describe(Backend backend) {
        return switch (backend) {
            case Backend.ToCluster cluster ->
                cluster.key().substring(cluster.key().indexOf('/') + 1).replace(".default.svc.cluster.local", "");
            case Backend.Invalid invalid -> invalid.status() + " " + invalid.reason();
        };
    }

    Cluster cluster(String service, int port, String subset) {
        String key = Cluster.key(key(service), port, subset);
        return Objects.requireNonNull(
                last.table().clusters().get(key),
                () -> key + " in " + last.table().clusters().keySet() + messages());
    }

    /** What was found, but for the file that only says which services there are. */
    List<String> messages() {
        List<String> messages = new ArrayList<>();
        last.diagnostics().stream()
                .map(Diagnostic::toString)
                .filter(text -> !text.startsWith("services.yaml"))
                .forEach(messages::add);
        return messages;
    }
}
