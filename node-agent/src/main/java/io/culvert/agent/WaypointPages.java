package io.culvert.agent;

import com.fasterxml.jackson.core.JsonGenerator;
import io.culvert.agent.HttpEndpoint.Reply;
import io.culvert.agent.HttpEndpoint.Route;
import io.culvert.core.mesh.Service;
import io.culvert.waypoint.Addressed;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.WaypointConnection;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The pages of a waypoint's admin port, which listens on localhost only. */
final class WaypointPages {
    private final WaypointView view;
    private final Runnable quit;

    WaypointPages(WaypointView view, Runnable quit) {
        this.view = view;
        this.quit = quit;
    }

    Map<String, Route> routes() {
        Map<String, Route> routes = new LinkedHashMap<>();
        routes.put("/", _ -> Reply.text(200, index()));
        routes.put("/config_dump", _ -> Reply.json(Json.body(new WaypointDump(view)::write)));
        routes.put(
                "/connections",
                _ -> Reply.json(Json.body(json -> Json.array(json, view.connections(), WaypointPages::connection))));
        routes.put(
                "/certificates",
                _ -> Reply.json(Json.body(json -> Json.array(json, view.certificates(), CertificateJson::write))));
        routes.put("/control_plane", _ -> AdminPages.controlPlane(view.controlPlane()));
        routes.put("/diagnostics", _ -> Reply.text(200, diagnostics()));
        routes.put("/logging", AdminPages::logging);
        routes.put("/quitquitquit", request -> AdminPages.quit(request, quit));
        return routes;
    }

    private static void connection(JsonGenerator json, WaypointConnection c) throws IOException {
        Client client = c.client();
        json.writeStartObject();
        json.writeStringField("src", Addresses.text(client.address()));
        json.writeStringField("identity", client.identity().toString());
        json.writeStringField("originalDst", Addresses.text(client.destination()));
        switch (client.to()) {
            case Addressed.ToService(Service service) -> json.writeStringField("service", service.key());
            case Addressed.ToWorkload to ->
                json.writeStringField("workload", to.workload().uid());
        }
        json.writeNumberField("port", client.port());
        json.writeStringField("protocol", c.protocol());
        json.writeStringField("since", c.since().toString());
        json.writeEndObject();
    }

    private String diagnostics() {
        StringBuilder text = new StringBuilder();
        view.diagnostics().forEach(diagnostic -> text.append(diagnostic).append('\n'));
        return text.isEmpty() ? "none\n" : text.toString();
    }

    private String index() {
        return """
            Culvert waypoint %s, %s/%s

            GET  /config_dump                   mesh state, routes, clusters and certificates
            GET  /connections                   connections of clients that are open now
            GET  /certificates                  its certificate
            GET  /control_plane                 where the mesh state comes from, and what of it was refused
            GET  /diagnostics                   what is wrong with the resources that routes are made of
            GET  /logging                       log levels
            POST /logging?level=LEVELS          changes them: debug, or info,io.culvert.waypoint=debug
            POST /quitquitquit                  drains and ends the waypoint
            """.formatted(
                        Version.text(), view.config().namespace(), view.config().name());
    }
}
