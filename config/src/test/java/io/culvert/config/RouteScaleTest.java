package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.RouteTable;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A change costs what it touches: 10,000 rules of 500 services, one of which changes. */
class RouteScaleTest {
    private static final int SERVICES = 500;
    private static final int RULES = 20;

    private static String service(int number) {
        return "{apiVersion: v1, kind: Service, metadata: {name: s" + number + ", namespace: n" + number % 10
                + "}, spec: {selector: {app: a}, ports: [{port: 80, appProtocol: http}]}}\n";
    }

    private static String route(int number, String value) {
        StringBuilder text =
                new StringBuilder("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r"
                        + number + ", namespace: n" + number % 10
                        + "}\nspec:\n  parentRefs: [{group: '', kind: Service, name: s"
                        + number + "}]\n  rules:\n");
        for (int i = 0; i < RULES; i++) {
            String path = i == 7
                    ? "{type: RegularExpression, value: '/r" + number + "/[a-z]+'}"
                    : "{value: /p" + i + "/" + number + "}";
            text.append("  - {matches: [{path: ")
                    .append(path)
                    .append(i % 10 == 0 ? ", headers: [{name: x, value: " + value + "}]" : "")
                    .append("}], backendRefs: [{name: s")
                    .append(number)
                    .append(", port: 80}]}\n");
        }
        return text.toString();
    }

    @Test
    void aChangedRouteCompilesItselfAndItsService() {
        Map<String, String> files = new HashMap<>();
        for (int i = 0; i < SERVICES; i++) {
            files.put("s" + i + ".yaml", service(i));
            files.put("r" + i + ".yaml", route(i, "a"));
        }
        RouteCompiler compiler = new RouteCompiler(CompilerSettings.DEFAULTS);
        RouteTable before =
                compiler.apply(SourceChanges.files(new HashMap<>(files))).table();
        assertThat(before.services()).hasSize(SERVICES);
        Counters counters = compiler.counters();
        long routes = counters.routesCompiled;
        long services = counters.routedServicesCompiled;
        long clusters = counters.clustersCompiled;
        for (int i = 0; i < 50; i++) {
            RouteTable after = compiler.apply(SourceChanges.files(Map.of("r7.yaml", route(7, "b" + i))))
                    .table();
            RouteTable last = before;
            before = after;
            String changed = "n7/s7.n7.svc.cluster.local";
            assertThat(after.services().get(changed))
                    .isNotEqualTo(last.services().get(changed));
            after.services().forEach((key, value) -> {
                if (!key.equals(changed)) {
                    assertThat(value).isSameAs(last.services().get(key));
                }
            });
            assertThat(after.clusters()).isSameAs(last.clusters());
        }
        assertThat(counters.routesCompiled - routes).isEqualTo(50);
        assertThat(counters.routedServicesCompiled - services).isEqualTo(50);
        assertThat(counters.clustersCompiled - clusters).isZero();
    }
}
