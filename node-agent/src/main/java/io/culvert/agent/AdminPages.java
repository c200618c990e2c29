package io.culvert.agent;

import com.fasterxml.jackson.core.JsonGenerator;
import io.culvert.agent.HttpEndpoint.Reply;
import io.culvert.agent.HttpEndpoint.Route;
import io.culvert.core.telemetry.Logging;
import io.culvert.core.xds.XdsStatus;
import io.culvert.ztunnel.ConnectionView;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The pages of the admin port, which listens on localhost only. */
final class AdminPages {
    private final AgentView view;
    private final Runnable quit;

    AdminPages(AgentView view, Runnable quit) {
        this.view = view;
        this.quit = quit;
    }

    Map<String, Route> routes() {
        Map<String, Route> routes = new LinkedHashMap<>();
        routes.put("/", r -> Reply.text(200, index()));
        routes.put("/config_dump", r -> Reply.json(Json.body(new ConfigDump(view)::write)));
        routes.put(
                "/connections",
                r -> Reply.json(Json.body(json -> Json.array(json, view.connections(), AdminPages::connection))));
        routes.put(
                "/certificates",
                r -> Reply.json(Json.body(json -> Json.array(json, view.certificates(), CertificateJson::write))));
        routes.put("/pods", r -> Reply.json(Json.body(json -> Json.array(json, view.pods(), AdminPages::pod))));
        routes.put("/control_plane", _ -> controlPlane(view.controlPlane()));
        routes.put("/logging", AdminPages::logging);
        routes.put("/quitquitquit", request -> quit(request, quit));
        return routes;
    }

    private String index() {
        return """
            Culvert agent %s, node %s

            GET  /config_dump                   mesh state, certificates and pods as ztunnel dumps them
            GET  /connections                   connections that are open now
            GET  /certificates                  certificates of this node's identities
            GET  /pods                          pods of this node and how their capture stands
            GET  /control_plane                 where the mesh state comes from, and what of it was refused
            GET  /logging                       log levels
            POST /logging?level=LEVELS          changes them: debug, or info,io.culvert.core.hbone=debug
            POST /quitquitquit                  drains and ends the agent
            """.formatted(Version.text(), view.config().node());
    }

    static Reply logging(HttpEndpoint.Request request) {
        if (request.isPost()) {
            String level = request.query().get("level");
            if (level == null) {
                throw new IllegalArgumentException(
                        "use POST /logging?level=debug, or ?level=info,io.culvert.core=debug");
            }
            Logging.setLevels(level);
        }
        return Reply.text(200, Logging.levels() + "\n");
    }

    static Reply quit(HttpEndpoint.Request request, Runnable quit) {
        if (!request.isPost()) {
            return Reply.text(405, "use POST\n");
        }
        quit.run();
        return Reply.text(200, "shutting down\n");
    }

    private static void connection(JsonGenerator json, ConnectionView c) throws IOException {
        json.writeStartObject();
        json.writeStringField("pod", c.pod());
        json.writeStringField("direction", c.outbound() ? "outbound" : "inbound");
        json.writeStringField("way", c.way().label());
        json.writeBooleanField("established", c.established());
        json.writeStringField("src", Addresses.text(c.source()));
        json.writeStringField("originalDst", Addresses.text(c.originalDestination()));
        json.writeStringField("actualDst", Addresses.text(c.destination()));
        if (c.identity() != null) {
            json.writeStringField("identity", c.identity());
        }
        json.writeNumberField("bytesSent", c.sent());
        json.writeNumberField("bytesReceived", c.received());
        json.writeEndObject();
    }

    static Reply controlPlane(XdsStatus status) {
        return Reply.json(Json.body(json -> {
            json.writeStartObject();
            json.writeBooleanField("connected", status.connected());
            json.writeStringField("source", status.source().name().toLowerCase(Locale.ROOT));
            json.writeStringField("since", status.since().toString());
            if (status.lastError() != null) {
                json.writeStringField("lastError", status.lastError());
            }
            if (status.restoreFault() != null) {
                json.writeStringField("restoreFault", status.restoreFault());
            }
            json.writeObjectFieldStart("rejected");
            for (Map.Entry<String, String> rejected : new TreeMap<>(status.rejected()).entrySet()) {
                json.writeStringField(rejected.getKey(), rejected.getValue());
            }
            json.writeEndObject();
            json.writeEndObject();
        }));
    }

    private static void pod(JsonGenerator json, PodView p) throws IOException {
        json.writeStartObject();
        json.writeStringField("uid", p.uid());
        json.writeStringField("namespace", p.namespace());
        json.writeStringField("name", p.name());
        json.writeStringField("serviceAccount", p.serviceAccount());
        json.writeStringField("identity", p.identity());
        json.writeStringField("state", p.state());
        json.writeStringField("reason", p.reason());
        json.writeStringField("netns", p.netns());
        json.writeNumberField("unproxied", p.unproxied());
        json.writeNumberField("connections", p.connections());
        json.writeNumberField("healed", p.healed());
        json.writeEndObject();
    }
}
