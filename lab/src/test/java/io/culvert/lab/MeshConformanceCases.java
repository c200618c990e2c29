package io.culvert.lab;

import static io.culvert.lab.Exchange.get;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What Gateway API's conformance asks of meshes, in our own words: each case is a route for the services of
 * {@code mesh-conformance.yaml}, what its status must say, and requests with their answers. The names are those of the
 * conformance suite; those of {@link #onwards} it has for gateways only, and a service's routes promise the same.
 */
final class MeshConformanceCases {
    /** What a route that is in force says. */
    private static final String IN_FORCE = "Accepted=true/Accepted ResolvedRefs=true/ResolvedRefs";

    private static final String UNRESOLVED = "Accepted=true/Accepted ResolvedRefs=false/";

    /**
     * One case.
     *
     * @param namespace of the HTTPRoute
     * @param status the conditions at its first parent: {@code type=status/reason}
     */
    record Case(String name, String namespace, String spec, String status, List<Exchange> exchanges) {
        /** Of the route: another for each case, so that the status and the routes of the last one are not taken for it. */
        String routeName() {
            return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private MeshConformanceCases() {}

    private static Case of(String name, String rules, Exchange... exchanges) {
        return of(name, IN_FORCE, rules, exchanges);
    }

    private static Case of(String name, String status, String rules, Exchange... exchanges) {
        return attached(name, "mesh", "{name: both, port: 80}", status, rules, exchanges);
    }

    private static Case attached(
            String name, String namespace, String service, String status, String rules, Exchange... exchanges) {
        String parent = service.replace("{", "{group: '', kind: Service, ");
        return new Case(
                name, namespace, "{parentRefs: [" + parent + "], rules: [" + rules + "]}", status, List.of(exchanges));
    }

    private static String to(String service) {
        return "backendRefs: [{name: " + service + ", port: 8080}]";
    }

    private static String on(String prefix) {
        return "matches: [{path: {type: PathPrefix, value: " + prefix + "}}]";
    }

    private static String rule(String prefix, String filters, String service) {
        return "{" + on(prefix) + ", filters: [" + filters + "], " + to(service) + "},";
    }

    private static String redirect(String prefix, String what) {
        return "{" + on(prefix) + ", filters: [{type: RequestRedirect, requestRedirect: {" + what + "}}]},";
    }

    private static Exchange redirected(String path, int status, String location) {
        return get(path).answers(status).has("location: " + location);
    }

    static Stream<Case> core() {
        return Stream.of(
                of(
                        "MeshHTTPRouteSimpleSameNamespace",
                        "{" + to("one") + "}",
                        get("/").by("one"),
                        get("/").from("two").by("one")),
                of(
                        "MeshHTTPRouteMatching",
                        "{matches: [{path: {value: /}}, {headers: [{name: version, value: one}]}], " + to("one") + "},"
                                + "{matches: [{path: {value: /v2}}, {headers: [{name: version, value: two}]}], "
                                + to("two") + "}",
                        get("/").by("one"),
                        get("/example").by("one"),
                        get("/").field("Version: one").by("one"),
                        get("/v2").by("two"),
                        get("/v2/example").by("two"),
                        get("/").field("Version: two").by("two"),
                        get("/v2/").by("two"),
                        get("/v2example").by("one"),
                        get("/foo/v2/example").by("one")),
                of(
                        "MeshHTTPRouteNamedRule",
                        "{name: named, " + on("/named") + ", " + to("one") + "},{" + on("/unnamed") + ", " + to("two")
                                + "}",
                        get("/named").by("one"),
                        get("/unnamed").by("two")),
                of(
                        "MeshTrafficSplit",
                        "{matches: [{path: {type: Exact, value: /v1}}], " + to("one")
                                + "},{matches: [{path: {type: Exact, value: /v2}}], " + to("two") + "}",
                        get("/v1").by("one"),
                        get("/v2").by("two"),
                        get("/v1/").answers(404)),
                query());
    }

    private static Case query() {
        String animal = "queryParams: [{name: animal, value: ";
        return of(
                "MeshHTTPRouteQueryParamMatching",
                "{matches: [{" + animal + "whale}]}], " + to("one") + "},"
                        + "{matches: [{" + animal + "dolphin}]}], " + to("two") + "},"
                        + "{matches: [{path: {value: /path1}, " + animal + "whale}]}], " + to("one") + "},"
                        + "{matches: [{headers: [{name: version, value: one}], " + animal + "whale}]}], " + to("two")
                        + "},{matches: [{path: {value: /path3}, " + animal + "shark}]}, {path: {value: /path4},"
                        + " headers: [{name: version, value: three}], " + animal + "kraken}]}], " + to("one") + "},"
                        + "{matches: [{path: {value: /path5}}], " + to("one") + "},"
                        + "{matches: [{" + animal + "hydra}]}], " + to("two") + "}",
                get("/?animal=whale").by("one"),
                get("/?animal=dolphin").by("two"),
                get("/?animal=whale&otherparam=irrelevant").by("one"),
                get("/?animal=dolphin&color=yellow").by("two"),
                get("/?color=blue").answers(404),
                get("/?animal=dog").answers(404),
                get("/?animal=whaledolphin").answers(404),
                get("/").answers(404),
                get("/path1?animal=whale").by("one"),
                get("/?animal=whale").field("version: one").by("two"),
                get("/path3?animal=shark").by("one"),
                get("/path4?animal=kraken").field("version: three").by("one"),
                get("/?animal=shark").answers(404),
                get("/path4?animal=kraken").answers(404),
                get("/path5?animal=hydra").by("one"));
    }

    static Stream<Case> redirects() {
        return Stream.of(
                of(
                        "MeshHTTPRoute303Redirect, 307, 308",
                        redirect("/other", "statusCode: 303")
                                + redirect("/temporary", "statusCode: 307")
                                + redirect("/permanent", "statusCode: 308"),
                        redirected("/other", 303, "http://both.mesh/other"),
                        redirected("/temporary", 307, "http://both.mesh/temporary"),
                        redirected("/permanent", 308, "http://both.mesh/permanent")),
                of(
                        "MeshHTTPRouteRedirectHostAndStatus",
                        redirect("/host", "hostname: example.org")
                                + redirect("/host-and-status", "hostname: example.org, statusCode: 301"),
                        redirected("/host", 302, "http://example.org/host"),
                        redirected("/host-and-status", 301, "http://example.org/host-and-status")),
                of(
                        "MeshHTTPRouteRedirectPath",
                        redirect("/from", "path: {type: ReplacePrefixMatch, replacePrefixMatch: /to}")
                                + redirect("/full", "path: {type: ReplaceFullPath, replaceFullPath: /whole}")
                                + redirect(
                                        "/all",
                                        "hostname: example.org, statusCode: 301,"
                                                + " path: {type: ReplacePrefixMatch, replacePrefixMatch: /to}"),
                        redirected("/from/lemon", 302, "http://both.mesh/to/lemon"),
                        redirected("/full/path/original", 302, "http://both.mesh/whole"),
                        redirected("/all", 301, "http://example.org/to")),
                of(
                        "MeshHTTPRouteRedirectPort",
                        redirect("/port", "port: 8083")
                                + redirect("/all", "hostname: example.org, port: 8083, statusCode: 301"),
                        redirected("/port", 302, "http://both.mesh:8083/port"),
                        redirected("/all", 301, "http://example.org:8083/all")),
                of(
                        "MeshHTTPRouteSchemeRedirect",
                        redirect("/scheme", "scheme: https")
                                + redirect("/all", "hostname: example.org, scheme: https, statusCode: 301"),
                        redirected("/scheme", 302, "https://both.mesh/scheme"),
                        redirected("/all", 301, "https://example.org/all")));
    }

    private static final String CHANGES =
            "set: [{name: X-Set-1, value: ours}, {name: X-Set-2, value: ours}], add: [{name: X-Add-1, value: ours},"
                    + " {name: X-Add-2, value: ours}], remove: [X-Remove-1, X-Remove-2]";

    private static final String REQUEST_CHANGES =
            "{type: RequestHeaderModifier, requestHeaderModifier: {" + CHANGES + "}}";

    private static Exchange changed(Exchange exchange) {
        return exchange.field("x-set-2: theirs")
                .field("X-Add-2: theirs")
                .field("x-remove-2: theirs")
                .field("X-Other: theirs")
                .by("one")
                .has("x-set-1: ours", "x-set-2: ours", "x-add-1: ours", "x-other: theirs")
                // One field or two that say the same: conformance joins them.
                .has("x-add-2: theirs", "x-add-2: ours")
                .hasNot("x-remove-1", "x-remove-2");
    }

    static Stream<Case> changes() {
        String prefix = "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: ";
        String full = "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: ";
        return Stream.of(
                of(
                        "MeshHTTPRouteRequestHeaderModifier",
                        rule("/", REQUEST_CHANGES, "one"),
                        changed(get("/any")),
                        get("/none").by("one").has("x-set-1: ours", "x-add-2: ours")),
                of(
                        "MeshHTTPRouteBackendRequestHeaderModifier",
                        "{backendRefs: [{name: one, port: 8080, filters: [" + REQUEST_CHANGES + "]}]}",
                        changed(get("/any"))),
                of(
                        "MeshHTTPRouteRewritePath",
                        rule("/prefix/one", prefix + "/one}}}", "one")
                                + rule("/strip", prefix + "/}}}", "one")
                                + rule("/full/one", full + "/one}}}", "one")
                                + rule("/full/changes", full + "/test}}}, " + REQUEST_CHANGES, "one")
                                + rule("/prefix/changes", prefix + "/prefix}}}, " + REQUEST_CHANGES, "one"),
                        get("/prefix/one/two").by("one").has("request: GET /one/two"),
                        get("/strip/three").by("one").has("request: GET /three"),
                        get("/strip").by("one").has("request: GET /"),
                        get("/full/one/two").by("one").has("request: GET /one"),
                        changed(get("/full/changes/test")).has("request: GET /test"),
                        changed(get("/prefix/changes/one")).has("request: GET /prefix/one")));
    }

    static Stream<Case> frontends() {
        String answer = "filters: [{type: ResponseHeaderModifier, responseHeaderModifier:"
                + " {set: [{name: X-Answer, value: set}]}}]";
        String rule = "{" + answer + ", backendRefs: [{name: %s, namespace: mesh, port: 80}]}";
        return Stream.of(
                attached(
                        "MeshFrontend, MeshFrontendHostname",
                        "mesh",
                        "{name: two}",
                        IN_FORCE,
                        rule.formatted("two"),
                        get("two.mesh", "/").by("two").has("x-answer: set"),
                        get("two.mesh", "/").field("Host: one").by("two").has("x-answer: set", "host: one"),
                        get("one.mesh", "/").field("Host: two.mesh").by("one").hasNot("x-answer"),
                        get("POD-two:8080", "/").by("two").hasNot("x-answer")),
                attached(
                        "MeshPorts",
                        "mesh",
                        "{name: one, port: 80}",
                        IN_FORCE,
                        rule.formatted("one"),
                        get("one.mesh", "/").by("one").has("x-answer: set"),
                        get("one.mesh:8080", "/").by("one").hasNot("x-answer")),
                attached(
                        "MeshPorts, no port",
                        "mesh",
                        "{name: two}",
                        IN_FORCE,
                        rule.formatted("two"),
                        get("two.mesh", "/").by("two").has("x-answer: set"),
                        get("two.mesh:8080", "/").by("two").has("x-answer: set")),
                attached(
                        "MeshConsumerRoute",
                        "guests",
                        "{name: one, namespace: mesh}",
                        IN_FORCE,
                        rule.formatted("one"),
                        get("one.mesh", "/").from("guest").by("one").has("x-answer: set"),
                        get("one.mesh", "/").by("one").hasNot("x-answer")));
    }

    /** The cases of gateways: what they say of routes holds for a service's, too. */
    static Stream<Case> onwards() {
        String answer = "{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-App, value: ours}],"
                + " add: [{name: X-Added, value: ours}], remove: [Server]}}";
        return Stream.of(
                of(
                        "HTTPRouteResponseHeaderModifier",
                        rule("/", answer, "one"),
                        get("/").by("one").has("x-app: ours", "x-added: ours").hasNot("server")),
                of(
                        "HTTPRouteMethodMatching",
                        "{matches: [{method: POST}], " + to("one") + "},{matches: [{method: GET}], " + to("two") + "},"
                                + "{matches: [{path: {value: /path}, method: PUT}], " + to("one") + "}",
                        get("/").by("two"),
                        get("/").method("POST").by("one"),
                        get("/path").method("PUT").by("one"),
                        get("/").method("PUT").answers(404)),
                of(
                        "HTTPRouteRewriteHost",
                        rule("/host", "{type: URLRewrite, urlRewrite: {hostname: one.example.org}}", "one"),
                        get("/host").by("one").has("host: one.example.org")),
                of(
                        "HTTPRouteTimeoutRequest, HTTPRouteTimeoutBackendRequest",
                        "{" + on("/request") + ", timeouts: {request: 500ms}, " + to("one") + "},"
                                + "{" + on("/backend") + ", timeouts: {backendRequest: 500ms}, " + to("one") + "},"
                                + "{" + on("/none") + ", timeouts: {request: 0s}, " + to("one") + "}",
                        get("/request").by("one"),
                        get("/request?wait=1").answers(504),
                        get("/backend?wait=1").answers(504),
                        get("/none?wait=1").by("one")),
                of(
                        "HTTPRouteOmittedBackendRefs",
                        "{" + on("/omitted") + "},{" + on("/empty") + ", backendRefs: []},{" + to("one") + "}",
                        get("/omitted").answers(500),
                        get("/empty").answers(500),
                        get("/").by("one")),
                of(
                        "HTTPRouteInvalidNonExistentBackendRef",
                        UNRESOLVED + "BackendNotFound",
                        "{" + to("missing") + "}",
                        get("/").answers(500)),
                of(
                        "HTTPRouteInvalidBackendRefUnknownKind",
                        UNRESOLVED + "InvalidKind",
                        "{backendRefs: [{group: unknown.example.com, kind: Other, name: one, port: 80}]}",
                        get("/").answers(500)),
                of(
                        "HTTPRouteInvalidCrossNamespaceBackendRef",
                        UNRESOLVED + "RefNotPermitted",
                        "{" + on("/away") + ", backendRefs: [{name: guest, namespace: guests, port: 80}]},{" + to("one")
                                + "}",
                        get("/away").answers(500),
                        get("/").by("one")),
                of(
                        "HTTPRouteServiceTypes, without endpoints",
                        "{backendRefs: [{name: nobody, port: 80}]}",
                        get("/").answers(503)),
                of("HTTPRouteCORS", rule("/", """
                        {type: CORS, cors: {allowOrigins: ["https://www.foo.com", "https://*.bar.com"],
                         allowMethods: [GET, OPTIONS], allowHeaders: [x-one], exposeHeaders: [x-two],
                         allowCredentials: true, maxAge: 3600}}""", "one"), cors()));
    }

    private static Exchange[] cors() {
        Exchange asks = get("/").method("OPTIONS").field("Access-Control-Request-Method: GET");
        return new Exchange[] {
            asks.field("Origin: https://a.b.bar.com")
                    .has(
                            "access-control-allow-origin: https://a.b.bar.com",
                            "access-control-allow-methods: GET, OPTIONS",
                            "access-control-allow-headers: x-one",
                            "access-control-expose-headers: x-two",
                            "access-control-allow-credentials: true",
                            "access-control-max-age: 3600"),
            asks.field("Origin: https://foobar.com").hasNot("access-control-allow-origin"),
            get("/").field("Origin: https://www.foo.com")
                    .by("one")
                    .has("access-control-allow-origin: https://www.foo.com")
        };
    }
}
