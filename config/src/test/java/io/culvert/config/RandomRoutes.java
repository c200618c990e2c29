package io.culvert.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Random edits of a directory with services, routes, grants and policies; each file holds one resource. */
final class RandomRoutes {
    private final Random random;
    private final boolean faulty;
    private final Map<String, String> files = new TreeMap<>();
    private final List<String> log = new ArrayList<>();

    RandomRoutes(long seed, boolean faulty) {
        this.random = new Random(seed);
        this.faulty = faulty;
    }

    /** What the directory now holds. */
    Map<String, @Nullable String> files() {
        return new HashMap<>(files);
    }

    List<String> log() {
        return log;
    }

    /** One to three files come, change or go. */
    SourceChanges change() {
        Map<String, @Nullable String> changed = new HashMap<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            String file = file();
            String text = random.nextInt(4) == 0 ? null : text(file);
            changed.put(file, text);
            if (text == null) {
                files.remove(file);
            } else {
                files.put(file, text);
            }
            log.add(file + "=" + text);
        }
        while (log.size() > 12) {
            log.removeFirst();
        }
        return SourceChanges.files(Collections.unmodifiableMap(changed));
    }

    private String one(String... words) {
        return words[random.nextInt(words.length)];
    }

    private String file() {
        String kind = one(
                "Service",
                "Service",
                "HTTPRoute",
                "HTTPRoute",
                "GRPCRoute",
                "TCPRoute",
                "TLSRoute",
                "ReferenceGrant",
                "XBackendTrafficPolicy",
                "Gateway",
                "Pod",
                "Namespace");
        return kind + "_" + one("a", "b") + "_" + (kind.equals("Namespace") ? "" : one("x", "y", "z"));
    }

    private String text(String file) {
        String[] parts = file.split("_", -1);
        String kind = parts[0];
        String group = switch (kind) {
            case "Service", "Pod", "Namespace" -> "";
            case "XBackendTrafficPolicy" -> "gateway.networking.x-k8s.io/";
            default -> "gateway.networking.k8s.io/";
        };
        String version = switch (kind) {
            case "TCPRoute", "TLSRoute" -> "v1alpha2";
            case "XBackendTrafficPolicy" -> "v1alpha1";
            case "ReferenceGrant" -> "v1beta1";
            default -> "v1";
        };
        String name = kind.equals("Namespace") ? "name: " + parts[1] : "name: " + parts[2] + ", namespace: " + parts[1];
        String created = one("", ", creationTimestamp: '2024-0" + (1 + random.nextInt(4)) + "-01T00:00:00Z'");
        return "apiVersion: " + group + version + "\nkind: " + kind + "\nmetadata: {" + name + created
                + ", labels: {v: " + one("v1", "v2") + one("", ", culvert.io/use-waypoint: x")
                + (kind.equals("Gateway") ? ", culvert.io/waypoint-for: " + one("service", "all", "workload") : "")
                + "}}\nspec:"
                + spec(kind);
    }

    private String spec(String kind) {
        return switch (kind) {
            case "Service" ->
                " {type: " + one("ClusterIP", "ClusterIP", "ClusterIP", "ExternalName")
                        + ", selector: {app: x}, ports: [{port: 80, appProtocol: " + one("http", "grpc", "tls", "tcp")
                        + "}" + one("", ", {name: more, port: 81}") + "]}\n";
            case "Pod" -> " {containers: []}\n";
            case "Namespace" -> " {}\n";
            case "Gateway" ->
                " {gatewayClassName: " + one("culvert-waypoint", "nginx") + ", listeners: [{name: m, protocol: "
                        + one("HBONE", "HTTP") + ", port: 15008}]}\n";
            case "ReferenceGrant" ->
                " {from: [{group: gateway.networking.k8s.io, kind: "
                        + one("HTTPRoute", "GRPCRoute", "TCPRoute") + ", namespace: " + one("a", "b")
                        + "}], to: [{group: '', kind: Service" + one("", ", name: x") + "}]}\n";
            case "XBackendTrafficPolicy" ->
                " {targetRefs: [{group: '', kind: " + one("Service", "Service", "Pod")
                        + ", name: " + one("x", "y") + "}], retryConstraint: {budget: {percent: " + random.nextInt(100)
                        + "}}" + one("", ", sessionPersistence: {type: Header}") + "}\n";
            default -> route(kind);
        };
    }

    private String route(String kind) {
        String parents = "[" + parent() + one("", ", " + parent()) + "]";
        StringBuilder rules = new StringBuilder("[");
        int count = kind.startsWith("T") ? 1 : 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            rules.append(i == 0 ? "" : ", ").append('{').append(rule(kind)).append('}');
        }
        return "\n  parentRefs: " + parents + "\n  rules: " + rules + "]\n"
                + (kind.equals("TLSRoute") ? "  hostnames: [" + one("a.example", "'*.example'") + "]\n" : "");
    }

    private String parent() {
        return "{" + one("group: '', kind: Service, ", "group: '', kind: Service, ", "") + "name: " + one("x", "y")
                + one("", ", namespace: a", ", namespace: b")
                + one("", "", ", port: 80", ", port: 81", ", sectionName: more")
                + "}";
    }

    private String rule(String kind) {
        String backends = "backendRefs: [" + backend() + one("", ", " + backend()) + "]";
        if (kind.startsWith("T")) {
            return backends;
        }
        String match = kind.equals("GRPCRoute")
                ? one("", "matches: [{method: {service: " + one("s", "s.t") + "}}], ")
                : one(
                        "",
                        "matches: [{path: {type: " + one("Exact", "PathPrefix", "RegularExpression") + ", value: "
                                + one("/", "/p", "/p/q") + "}}, {method: " + one("GET", "POST") + "}], ");
        String more = one(
                "",
                "sessionPersistence: {sessionName: s" + random.nextInt(2) + "}, ",
                "filters: [{type: RequestMirror, requestMirror: {backendRef: "
                        + backend().replaceAll(", weight.*", "}") + "}}], ",
                faulty ? "filters: [{type: Nonsense}], " : "",
                faulty ? "timeouts: {request: soon}, " : "");
        return match + more + backends;
    }

    private String backend() {
        return "{name: " + one("x", "y", "z") + one("", ", namespace: a", ", namespace: b") + ", port: "
                + one("80", "80", "81") + ", weight: " + random.nextInt(3) + "}";
    }
}
