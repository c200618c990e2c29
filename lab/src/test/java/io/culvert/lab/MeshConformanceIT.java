package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.MeshConformanceCases.Case;
import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The cases of Gateway API's mesh conformance, by our own routes: a waypoint for a namespace, and apps that repeat. */
@Tag("netns")
class MeshConformanceIT {
    private static final Duration EFFECT = Duration.ofSeconds(20);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GATEWAY_API = "gateway.networking.k8s.io/v1";

    @RegisterExtension
    static final LabExtension lab = new LabExtension(description(), LabOptions.mesh(Launchers.ofClassPath()));

    private final List<List<String>> applied = new ArrayList<>();

    private static String description() {
        try {
            String echo = JSON.writeValueAsString(LabExtension.resource("echo.py"));
            return LabExtension.resource("mesh-conformance.yaml").replace("ECHO", echo);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a text is always JSON", e);
        }
    }

    @BeforeAll
    static void awaitMesh() {
        DemoCluster cluster = new DemoCluster(lab.lab());
        for (String pod : List.of("one", "two", "guest")) {
            cluster.awaitMeshed(lab.pod(pod), true);
        }
        lab.lab().awaitReady(lab.pod("way"), true, Duration.ofSeconds(60));
        // MeshBasic: without any route a service is reached.
        await("MeshBasic", Exchange.get("one.mesh", "/").by("one"));
    }

    @AfterEach
    void removeRoutes() {
        applied.forEach(each -> lab.lab().delete(each.get(0), each.get(1), each.get(2)));
    }

    private void apply(String kind, String namespace, String name, String spec) {
        applied.add(List.of(kind, namespace, name));
        lab.lab()
                .apply("{apiVersion: " + GATEWAY_API + ", kind: " + kind + ", metadata: {name: " + name
                        + ", namespace: " + namespace + "}, spec: " + spec + "}\n");
    }

    private static void await(String what, Exchange exchange) {
        Exchange asked = exchange.at("POD-two", lab.pod("two").ip4());
        String[] last = {""};
        try {
            Poll.untilTrue(EFFECT, "not as expected", () -> {
                last[0] = asked.mismatch(lab.lab());
                return last[0].isEmpty();
            });
        } catch (LabException e) {
            throw new AssertionError(what + ", " + asked + ": " + last[0], e);
        }
    }

    private static void awaitStatus(String route, String expected) {
        String[] last = {""};
        try {
            Poll.untilTrue(EFFECT, "not as expected", () -> {
                last[0] = status(route);
                return last[0].equals(expected);
            });
        } catch (LabException e) {
            throw new AssertionError(route + " is " + last[0] + " and not " + expected, e);
        }
    }

    /** The conditions of a route at its first parent, as the controller's status has them; "" when it is not there. */
    private static String status(String resource) {
        try {
            String text = lab.lab().controller().status();
            for (JsonNode route : JSON.readTree(text.isEmpty() ? "{}" : text).path("routes")) {
                if (route.path("resource").asText().equals(resource)) {
                    List<String> conditions = new ArrayList<>();
                    for (JsonNode each : route.path("parents").path(0).path("conditions")) {
                        conditions.add(each.path("type").asText() + "="
                                + each.path("status").asText() + "/"
                                + each.path("reason").asText());
                    }
                    return String.join(" ", conditions);
                }
            }
            return "";
        } catch (JsonProcessingException e) {
            throw new AssertionError("the controller's status is not JSON", e);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({
        "io.culvert.lab.MeshConformanceCases#core",
        "io.culvert.lab.MeshConformanceCases#redirects",
        "io.culvert.lab.MeshConformanceCases#changes",
        "io.culvert.lab.MeshConformanceCases#frontends",
        "io.culvert.lab.MeshConformanceCases#onwards"
    })
    void aRouteDoesWhatConformanceAsks(Case one) {
        apply("HTTPRoute", one.namespace(), one.routeName(), one.spec());
        one.exchanges().forEach(exchange -> await(one.name(), exchange));
        awaitStatus("HTTPRoute " + one.namespace() + "/" + one.routeName(), one.status());
    }

    @Test
    void meshHttpRouteWeight() {
        apply(
                "HTTPRoute",
                "mesh",
                "weight",
                "{parentRefs: [{group: '', kind: Service, name: both, port: 80}], rules: [{backendRefs:"
                        + " [{name: one, port: 8080, weight: 70}, {name: two, port: 8080, weight: 30}]}]}");
        Map<String, Double> wanted = Map.of("one", 0.7, "two", 0.3);
        Poll.untilTrue(EFFECT, "the shares are not 70 to 30", () -> {
            String said = lab.pod("one")
                    .exec("curl", "-sS", "-m", "30", "http://both.mesh/?[1-500]")
                    .orThrow();
            Map<String, Double> shares = new TreeMap<>();
            said.lines()
                    .filter(line -> line.startsWith("pod: "))
                    .forEach(line -> shares.merge(line.substring(5), 1 / 500.0, Double::sum));
            // Conformance takes five of a hundred off, and tries ten times.
            return wanted.entrySet().stream()
                    .allMatch(e -> Math.abs(shares.getOrDefault(e.getKey(), 0.0) - e.getValue()) < 0.05);
        });
    }

    @Test
    void httpRouteRequestMultipleMirrors() {
        String mirror = "{type: RequestMirror, requestMirror: {backendRef: {name: %s, port: 8080}}}";
        apply(
                "HTTPRoute",
                "mesh",
                "mirrors",
                "{parentRefs: [{group: '', kind: Service, name: both, port: 80}], rules: [{filters: ["
                        + mirror.formatted("two") + "," + mirror.formatted("one")
                        + "], backendRefs: [{name: one, port: 8080}]}]}");
        await("HTTPRouteRequestMultipleMirrors", Exchange.get("/mirrored").by("one"));
        for (String pod : List.of("one", "two")) {
            Poll.untilTrue(
                    EFFECT,
                    "no copy at " + pod,
                    () -> lab.pod(pod)
                            .exec("curl", "-sS", "-m", "5", "http://localhost:8080/heard")
                            .out()
                            .contains("/mirrored both.mesh-shadow"));
        }
    }

    @Test
    void grpcRoutesChangeFieldsAndWeigh() throws IOException {
        String changes =
                "set: [{name: Lab-Set, value: ours}], add: [{name: lab-add, value: ours}], remove: [lab-remove]";
        try (GrpcEcho _ = new GrpcEcho(lab.pod("one"), 7070);
                GrpcEcho _ = new GrpcEcho(lab.pod("two"), 7070);
                GrpcEchoClient client = new GrpcEchoClient(
                        lab.pod("one"),
                        "both.mesh",
                        lab.lab().clusterIps("mesh", "both").getFirst(),
                        7070)) {
            apply(
                    "GRPCRoute",
                    "mesh",
                    "rpc",
                    "{parentRefs: [{group: '', kind: Service, name: both, port: 7070}], rules: ["
                            + "{matches: [{headers: [{name: lab-case, value: change}]}], filters:"
                            + " [{type: RequestHeaderModifier, requestHeaderModifier: {" + changes + "}}],"
                            + " backendRefs: [{name: two, port: 7070}]},"
                            + "{backendRefs: [{name: one, port: 7070, weight: 70}, {name: two, port: 7070, weight: 30},"
                            + " {name: missing, port: 7070, weight: 0}]}]}");
            Map<String, String> fields =
                    Map.of("lab-case", "change", "lab-set", "theirs", "lab-add", "theirs", "lab-remove", "theirs");
            Poll.untilTrue(
                    EFFECT,
                    "MeshGRPCRouteRequestHeaderModifier",
                    () -> client.call(fields)
                            .equals("pod: two, lab-add: theirs, lab-add: ours, lab-case: change, lab-set: ours"));
            int ones = 0;
            for (int i = 0; i < 500; i++) {
                String answer = client.call(Map.of());
                assertThat(answer).as("MeshGRPCRouteWeight").startsWith("pod: ");
                ones += answer.equals("pod: one") ? 1 : 0;
            }
            assertThat(ones / 500.0).as("MeshGRPCRouteWeight").isCloseTo(0.7, within(0.09));
            awaitStatus("GRPCRoute mesh/rpc", "Accepted=true/Accepted ResolvedRefs=false/BackendNotFound");
        }
    }
}
