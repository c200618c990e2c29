package io.culvert.lab.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.AgentProcess;
import io.culvert.lab.Lab;
import io.culvert.lab.LabException;
import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The demo's pods by name, and what their agents say of them. Platform threads. */
public final class DemoCluster {
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Duration effect;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Lab lab;

    public DemoCluster(Lab lab) {
        this(lab, PATIENCE);
    }

    /** {@code effect} is how long a policy may take until it is enforced. */
    DemoCluster(Lab lab, Duration effect) {
        this.lab = lab;
        this.effect = effect;
    }

    Duration effect() {
        return effect;
    }

    /** The shop without its cart, as {@link Lab#start} takes it: nothing of it needs a waypoint. */
    public static String description() {
        return resource("cluster.yaml");
    }

    /** The shop and its cart. */
    static String withCart() {
        return description() + "---\n" + resource("cart.yaml");
    }

    /** The whole of the demo: the shop, its cart, and the waypoint that the cart's services name. */
    static String withWaypoint() {
        return withCart() + "---\n" + resource("waypoint.yaml");
    }

    private static String resource(String name) {
        try (InputStream stream = DemoCluster.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(stream, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Lab lab() {
        return lab;
    }

    LabPod client() {
        return lab.pod("client.shop");
    }

    LabPod front() {
        return lab.pod("front.shop");
    }

    LabPod web() {
        return lab.pod("web.shop");
    }

    LabPod database() {
        return lab.pod("db.shop");
    }

    LabPod report() {
        return lab.pod("report.shop");
    }

    LabPod billing() {
        return lab.pod("billing.legacy");
    }

    /** The pod of a version of the cart: v1, or v2, which behaves badly. */
    LabPod cart(String version) {
        return lab.pod("cart-" + version + ".shop");
    }

    LabPod waypoint() {
        return lab.pod("way.shop");
    }

    /** The metrics exposition of the waypoint. */
    String waypointMetrics() {
        return waypoint()
                .exec("curl", "-sSf", "-m", "5", "http://localhost:15020/metrics")
                .orThrow();
    }

    /** Waits until an app behind {@code service} answers the client well, if only now and then. */
    void awaitAnswers(String service) {
        Poll.untilTrue(
                PATIENCE,
                "service " + service + " does not answer",
                () -> Answers.get(client(), 1, service + "/up").count(200) == 1);
    }

    /** The IPv4 cluster address of a service of the shop. */
    String address(String service) {
        return lab.clusterIps("shop", service).getFirst();
    }

    /** The identity that a service account of the shop has. */
    static String identity(String serviceAccount) {
        return "spiffe://cluster.local/ns/shop/sa/" + serviceAccount;
    }

    /** The access log of the agent on {@code pod}'s node. */
    static List<JsonNode> accessLog(LabPod pod) {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : pod.node().agent().accessLog()) {
            try {
                lines.add(JSON.readTree(line));
            } catch (JsonProcessingException e) {
                // The last line may be half written; the next look has it whole.
            }
        }
        return lines;
    }

    /** Waits for a line in the access log of {@code pod}'s agent. */
    static JsonNode awaitLogLine(LabPod pod, String what, Predicate<JsonNode> wanted) {
        return Poll.until(
                PATIENCE,
                "the access log of " + pod.node().name() + " has no line of " + what,
                () -> accessLog(pod).stream()
                        .filter(wanted)
                        .reduce((earlier, later) -> later)
                        .orElse(null));
    }

    /** What an admin page with a JSON array says of {@code pod}'s node. */
    static List<JsonNode> page(LabPod pod, String path) {
        return array(pod.node().agent(), path);
    }

    /**
     * Waits until {@code pod} is captured with a certificate, and every agent tunnels to it; or until it is not captured
     * and none does. Peers learn of a change
     * some milliseconds after the pod's own agent has made it.
     */
    public Duration awaitMeshed(LabPod pod, boolean meshed) {
        return Poll.untilTrue(
                PATIENCE,
                "pod " + pod.fullName() + " is still " + (meshed ? "not " : "") + "in the mesh: " + state(pod),
                () -> captured(pod) == meshed
                        && (!meshed || certified(pod))
                        && lab.nodes().stream().allMatch(node -> tunnels(node.agent(), pod) == meshed));
    }

    /** Waits until the shop's pods are in the mesh and the others are not; a waypoint is never captured. */
    void awaitEnrolled() {
        for (LabPod pod : lab.pods()) {
            if (!pod.name().equals("way")) {
                awaitMeshed(pod, pod.namespace().equals("shop"));
            }
        }
    }

    /** Waits until every pod of {@code namespace} is in the mesh. */
    public void awaitMesh(String namespace) {
        lab.pods().stream().filter(pod -> pod.namespace().equals(namespace)).forEach(pod -> awaitMeshed(pod, true));
    }

    /** Whether the agent of its node holds {@code pod} captured. */
    private static boolean captured(LabPod pod) {
        return state(pod).equals("enabled");
    }

    /** Whether its agent holds a certificate for it. */
    private static boolean certified(LabPod pod) {
        return quietly(pod.node().agent(), "/certificates").stream()
                .anyMatch(certificate -> certificate.path("identity").asText().equals(identity(pod))
                        && certificate.path("state").asText().equalsIgnoreCase("available"));
    }

    private static String identity(LabPod pod) {
        JsonNode found = find(quietly(pod.node().agent(), "/pods"), pod);
        return found == null ? "" : found.path("identity").asText();
    }

    private static String state(LabPod pod) {
        JsonNode found = find(quietly(pod.node().agent(), "/pods"), pod);
        return found == null ? "unknown to its agent" : found.path("state").asText();
    }

    private static boolean tunnels(AgentProcess agent, LabPod pod) {
        JsonNode dump = quietlyOne(agent, "/config_dump");
        List<JsonNode> workloads = new ArrayList<>();
        dump.path("workloads").forEach(workloads::add);
        JsonNode found = find(workloads, pod);
        return found != null && found.path("protocol").asText().equals("HBONE");
    }

    private static @Nullable JsonNode find(List<JsonNode> pods, LabPod pod) {
        return pods.stream()
                .filter(node -> node.path("name").asText().equals(pod.name())
                        && node.path("namespace").asText().equals(pod.namespace()))
                .findFirst()
                .orElse(null);
    }

    private static List<JsonNode> array(AgentProcess agent, String path) {
        List<JsonNode> elements = new ArrayList<>();
        one(agent, path).forEach(elements::add);
        return elements;
    }

    private static JsonNode one(AgentProcess agent, String path) {
        String text = agent.admin(path);
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new LabException("the agent answers " + path + " with something that is not JSON: " + text, e);
        }
    }

    /** An agent that is just starting answers nothing yet. */
    private static JsonNode quietlyOne(AgentProcess agent, String path) {
        try {
            return one(agent, path);
        } catch (LabException e) {
            return JSON.createObjectNode();
        }
    }

    private static List<JsonNode> quietly(AgentProcess agent, String path) {
        List<JsonNode> elements = new ArrayList<>();
        quietlyOne(agent, path).forEach(elements::add);
        return elements;
    }
}
