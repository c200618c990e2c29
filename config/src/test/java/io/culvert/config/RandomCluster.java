package io.culvert.config;

import io.culvert.proto.node.PodReport;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A cluster's files that change at random: all kinds, all the fields by which they touch each other. */
final class RandomCluster {
    private static final List<String> NAMESPACES = List.of("shop", "bank", "istio-system");
    private static final List<String> WAYPOINTS = List.of("way", "path");
    private static final List<String> APPS = List.of("web", "db", "api");

    private final Random random;
    private final boolean bad;
    private final Map<String, Map<String, String>> documents = new TreeMap<>();
    private final ArrayDeque<String> log = new ArrayDeque<>();

    RandomCluster(long seed, boolean bad) {
        this.random = new Random(seed);
        this.bad = bad;
    }

    Map<String, @Nullable String> files() {
        Map<String, @Nullable String> files = new HashMap<>();
        documents.forEach((file, own) -> files.put(file, text(own)));
        return files;
    }

    String log() {
        return String.join("\n", log);
    }

    private static String text(Map<String, String> documents) {
        return String.join("---\n", documents.values());
    }

    SourceChanges change() {
        Map<String, @Nullable String> files = new HashMap<>();
        Map<String, PodReport> reports = new HashMap<>();
        Set<String> removed = new HashSet<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            if (random.nextInt(5) == 0) {
                report(reports, removed);
            } else {
                String file = file();
                Map<String, String> own = documents.get(file);
                files.put(file, own == null ? null : text(own));
            }
        }
        return new SourceChanges(files, reports, removed);
    }

    private void report(Map<String, PodReport> reports, Set<String> removed) {
        String uid = TestMesh.uid(pick(NAMESPACES) + "/pod-" + random.nextInt(12));
        if (random.nextInt(4) == 0) {
            removed.add(uid);
        } else {
            reports.put(
                    uid,
                    PodReport.newBuilder()
                            .setUid(uid)
                            .setState(random.nextBoolean() ? PodReport.State.ENABLED : PodReport.State.FAILED)
                            .build());
        }
    }

    // Each resource has its own file, so that a name is given once, unless bad input is wanted.
    private String file() {
        String[] made = document();
        String id = made[0];
        String file = bad && random.nextInt(6) == 0 ? "other.yaml" : "f" + Math.floorMod(id.hashCode(), 7) + ".yaml";
        Map<String, String> own = documents.computeIfAbsent(file, _ -> new TreeMap<>());
        if (random.nextInt(4) == 0) {
            own.remove(id);
            log("remove " + id + " from " + file);
        } else {
            String text = bad && random.nextInt(6) == 0 ? spoil(made[1]) : made[1];
            own.put(id, text);
            log("put " + file + "\n" + text);
        }
        if (own.isEmpty()) {
            documents.remove(file);
        }
        return file;
    }

    private void log(String entry) {
        log.addLast(entry);
        if (log.size() > 4) {
            log.removeFirst();
        }
    }

    private String spoil(String text) {
        return switch (random.nextInt(5)) {
            case 0 -> text + "  oops: [\n";
            case 1 -> text.replaceFirst("spec:", "spec: 17 #");
            case 2 -> text.replaceFirst("  name:", "  nome:");
            case 3 -> text.replaceFirst("kind: (.)", "kind: x$1");
            default -> text.replaceFirst("labels:", "labels: {a: 'b c'}\n  annotations:");
        };
    }

    private String[] document() {
        String namespace = pick(NAMESPACES);
        int number = random.nextInt(12);
        return switch (random.nextInt(18)) {
            case 0 -> resource("v1", "Namespace", "", namespace, namespaceLabels(), "");
            case 1 -> node("node-" + random.nextInt(3));
            case 2 -> service(namespace, pick(APPS));
            case 3, 4 -> slice(namespace, pick(APPS), random.nextInt(2));
            case 5 -> networkPolicy(namespace, "np-" + random.nextInt(2));
            case 6, 7 -> peerAuthentication(namespace, "pa-" + random.nextInt(3));
            case 8, 9 -> authorizationPolicy(namespace, "ap-" + random.nextInt(4));
            case 10 -> resource("v1", "ServiceAccount", namespace, pick(APPS), "", "");
            case 16, 17 -> gateway(namespace, pick(WAYPOINTS));
            case 11 -> deployment(namespace, pick(APPS));
            default -> pod(namespace, "pod-" + number);
        };
    }

    private String[] resource(
            String apiVersion, String kind, String namespace, String name, String metadata, String body) {
        String text = "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata:\n  name: " + name + "\n"
                + (namespace.isEmpty() ? "" : "  namespace: " + namespace + "\n") + metadata + body;
        return new String[] {kind + "." + namespace + "." + name, text};
    }

    private String namespaceLabels() {
        return random.nextInt(3) == 0
                ? ""
                : "  labels: {culvert.io/mesh: " + (random.nextBoolean() ? "enabled" : "disabled") + waypoint() + "}\n"
                        + (random.nextInt(3) == 0 ? "  annotations: {culvert.io/existing-connections: reset}\n" : "");
    }

    private String labels() {
        return "  labels: {app: " + pick(APPS) + ", version: v" + random.nextInt(2) + waypoint() + "}\n";
    }

    private String waypoint() {
        return switch (random.nextInt(4)) {
            case 0 -> ", culvert.io/use-waypoint: " + pick(WAYPOINTS);
            case 1 ->
                ", culvert.io/use-waypoint: " + pick(WAYPOINTS) + ", culvert.io/use-waypoint-namespace: "
                        + pick(NAMESPACES);
            case 2 -> random.nextBoolean() ? ", culvert.io/use-waypoint: none" : "";
            default -> "";
        };
    }

    private String[] gateway(String namespace, String name) {
        return resource(
                "gateway.networking.k8s.io/v1",
                "Gateway",
                namespace,
                name,
                "  labels: {culvert.io/waypoint-for: " + pick(List.of("service", "workload", "all", "none")) + "}\n",
                "spec: {gatewayClassName: " + pick(List.of("culvert-waypoint", "culvert-waypoint", "nginx"))
                        + ", listeners: [{name: mesh, port: 15008, protocol: HBONE}]}\n");
    }

    private String selector() {
        return switch (random.nextInt(3)) {
            case 0 -> "{app: " + pick(APPS) + "}";
            case 1 -> "{version: v" + random.nextInt(2) + "}";
            default -> "{app: " + pick(APPS) + ", version: v" + random.nextInt(2) + "}";
        };
    }

    private String[] node(String name) {
        return resource(
                "v1",
                "Node",
                "",
                name,
                "  labels: {topology.kubernetes.io/zone: z" + random.nextInt(2) + "}\n",
                "status: {addresses: [{type: InternalIP, address: 192.168.0." + random.nextInt(3) + "}]}\n");
    }

    private String[] pod(String namespace, String name) {
        int address =
                bad ? random.nextInt(8) : NAMESPACES.indexOf(namespace) * 50 + Integer.parseInt(name.substring(4)) + 1;
        String ready = random.nextInt(3) == 0
                ? ""
                : ", conditions: [{type: Ready, status: \"" + (random.nextBoolean() ? "True" : "False") + "\"}]";
        String phase = random.nextInt(8) == 0 ? "Succeeded" : "Running";
        return resource(
                "v1",
                "Pod",
                namespace,
                name,
                labels()
                        + (random.nextInt(12) == 0 ? "  deletionTimestamp: 2026-01-01T00:00:00Z\n" : "")
                        + (random.nextInt(5) == 0 ? "  uid: u" + random.nextInt(2) + "\n" : ""),
                "spec:\n  serviceAccountName: " + pick(APPS) + "\n  nodeName: node-" + random.nextInt(3)
                        + (random.nextInt(12) == 0 ? "\n  hostNetwork: true" : "")
                        + "\n  containers: [{name: c, ports: [{name: http, containerPort: 808" + random.nextInt(3)
                        + "}]}]\n"
                        + (random.nextInt(6) == 0
                                ? ""
                                : "status: {phase: " + phase + ", podIPs: [{ip: 10.0.0." + address + "}, {ip: \"fd00::"
                                        + address + "\"}]" + ready + "}\n"));
    }

    private String[] service(String namespace, String name) {
        return resource(
                "v1",
                "Service",
                namespace,
                name,
                "  labels: {a: b" + waypoint() + "}\n",
                "spec:\n  clusterIP: 10.96.0." + (1 + random.nextInt(9))
                        + "\n  ports: [{name: http, port: 80, targetPort: "
                        + (random.nextBoolean() ? "http" : "8080") + "}]\n"
                        + (random.nextInt(4) == 0 ? "" : "  selector: " + selector() + "\n")
                        + (random.nextInt(8) == 0 ? "  publishNotReadyAddresses: true\n" : ""));
    }

    private String[] slice(String namespace, String service, int number) {
        StringBuilder endpoints = new StringBuilder();
        for (int i = random.nextInt(5); i > 0; i--) {
            int pod = random.nextInt(12);
            endpoints
                    .append("- addresses: [10.0.0.")
                    .append(1 + random.nextInt(70))
                    .append("]\n");
            if (random.nextBoolean()) {
                endpoints
                        .append("  targetRef: {kind: Pod, name: pod-")
                        .append(pod)
                        .append("}\n");
            }
            if (random.nextBoolean()) {
                endpoints
                        .append("  conditions: {ready: ")
                        .append(random.nextBoolean())
                        .append("}\n");
            }
        }
        return resource(
                "discovery.k8s.io/v1",
                "EndpointSlice",
                namespace,
                service + "-" + number,
                "  labels: {kubernetes.io/service-name: " + (random.nextInt(5) == 0 ? pick(APPS) : service) + "}\n",
                "addressType: IPv4\nports: [{name: http, port: 80" + (80 + random.nextInt(2)) + "}]\nendpoints:\n"
                        + endpoints);
    }

    private String[] networkPolicy(String namespace, String name) {
        String pods = random.nextInt(3) == 0
                ? "{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}"
                : "{matchLabels: " + selector() + "}";
        return resource(
                "networking.k8s.io/v1", "NetworkPolicy", namespace, name, "", "spec: {podSelector: " + pods + "}\n");
    }

    private String[] peerAuthentication(String namespace, String name) {
        List<String> modes = List.of("STRICT", "PERMISSIVE", "UNSET", "DISABLE");
        StringBuilder spec = new StringBuilder("spec:\n  mtls: {mode: " + pick(modes) + "}\n");
        if (random.nextBoolean()) {
            spec.append("  selector: {matchLabels: ").append(selector()).append("}\n");
            if (random.nextBoolean()) {
                spec.append("  portLevelMtls: {8080: {mode: ")
                        .append(pick(modes))
                        .append("}}\n");
            }
        }
        String created =
                random.nextBoolean() ? "  creationTimestamp: 2026-01-0" + (1 + random.nextInt(5)) + "T00:00:00Z\n" : "";
        return resource("security.istio.io/v1", "PeerAuthentication", namespace, name, created, spec.toString());
    }

    private String[] authorizationPolicy(String namespace, String name) {
        StringBuilder spec =
                new StringBuilder("spec:\n  action: " + pick(List.of("ALLOW", "DENY", "AUDIT", "CUSTOM")) + "\n");
        if (random.nextBoolean()) {
            spec.append("  selector: {matchLabels: ").append(selector()).append("}\n");
        }
        if (random.nextInt(4) > 0) {
            spec.append("  rules:\n  - from: [{source: {principals: [cluster.local/ns/")
                    .append(pick(List.of("shop", "bank", "nowhere")))
                    .append("/sa/")
                    .append(pick(List.of("web", "wob")))
                    .append("]}}]\n");
            if (random.nextBoolean()) {
                spec.append("    to: [{operation: {")
                        .append(pick(List.of("ports: ['80']", "methods: [GET]", "ports: ['81'], paths: [/x]")))
                        .append("}}]\n");
            }
        }
        return resource("security.istio.io/v1", "AuthorizationPolicy", namespace, name, "", spec.toString());
    }

    private String[] deployment(String namespace, String name) {
        return resource(
                "apps/v1",
                "Deployment",
                namespace,
                name,
                "",
                "spec: {template: {metadata: {labels: {app: " + name + "}}, spec: {serviceAccountName: " + pick(APPS)
                        + "}}}\n");
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
