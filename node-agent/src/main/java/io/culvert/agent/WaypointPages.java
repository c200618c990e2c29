package io.culvert.agent;

import io.culvert.agent.HttpEndpoint.Reply;
import io.culvert.agent.HttpEndpoint.Route;
import io.culvert.config.Diagnostic;
import io.culvert.core.xds.XdsStatus;
import io.culvert.identity.CredentialStatus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The pages of a waypoint's admin port, which listens on localhost only. */
final class WaypointPages {
    private final WaypointConfig config;
    private final Supplier<XdsStatus> controlPlane;
    private final Supplier<List<CredentialStatus>> certificates;
    private final Supplier<List<Diagnostic>> diagnostics;
    private final Runnable quit;

    WaypointPages(
            WaypointConfig config,
            Supplier<XdsStatus> controlPlane,
            Supplier<List<CredentialStatus>> certificates,
            Supplier<List<Diagnostic>> diagnostics,
            Runnable quit) {
        this.config = config;
        this.controlPlane = controlPlane;
        this.certificates = certificates;
        this.diagnostics = diagnostics;
        this.quit = quit;
    }

    Map<String, Route> routes() {
        Map<String, Route> routes = new LinkedHashMap<>();
        routes.put("/", _ -> Reply.text(200, index()));
        routes.put(
                "/certificates",
                _ -> Reply.json(Json.body(json -> Json.array(json, certificates.get(), CertificateJson::write))));
        routes.put("/control_plane", _ -> AdminPages.controlPlane(controlPlane.get()));
        routes.put("/diagnostics", _ -> Reply.text(200, diagnostics()));
        routes.put("/logging", AdminPages::logging);
        routes.put("/quitquitquit", request -> AdminPages.quit(request, quit));
        return routes;
    }

    private String diagnostics() {
        StringBuilder text = new StringBuilder();
        diagnostics.get().forEach(diagnostic -> text.append(diagnostic).append('\n'));
        return text.isEmpty() ? "none\n" : text.toString();
    }

    private String index() {
        return """
            Culvert waypoint %s, %s/%s

            GET  /certificates                  its certificate
            GET  /control_plane                 where the mesh state comes from, and what of it was refused
            GET  /diagnostics                   what is wrong with the resources that routes are made of
            GET  /logging                       log levels
            POST /logging?level=LEVELS          changes them: debug, or info,io.culvert.waypoint=debug
            POST /quitquitquit                  drains and ends the waypoint
            """.formatted(Version.text(), config.namespace(), config.name());
    }
}
