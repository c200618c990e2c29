package io.culvert.agent;

import com.fasterxml.jackson.core.JsonGenerator;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.waypoint.cluster.ClusterStats;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * {@code /config_dump} of a waypoint: workloads and services as an agent dumps them, the routes that it executes, and its
 * clusters. Written as it goes out, so that a large mesh costs no more memory than a small one.
 */
final class WaypointDump {
    private final WaypointView view;

    WaypointDump(WaypointView view) {
        this.view = view;
    }

    void write(JsonGenerator json) throws IOException {
        MeshState state = view.state();
        RouteTable table = view.routes();
        json.writeStartObject();
        json.writeFieldName("workloads");
        Json.array(
                json, ConfigDump.sorted(state.workloads(), Comparator.comparing(Workload::uid)), ConfigDump::workload);
        json.writeFieldName("services");
        Json.array(
                json,
                ConfigDump.sorted(state.services(), Comparator.comparing(Service::key)),
                (j, s) -> ConfigDump.service(j, s, state));
        json.writeFieldName("routes");
        Json.array(
                json,
                ConfigDump.sorted(table.services().values(), Comparator.comparing(ServiceRoutes::serviceKey)),
                RouteDump::write);
        json.writeFieldName("clusters");
        clusters(json, table);
        ConfigDump.version(json);
        json.writeFieldName("config");
        ConfigDump.config(json, view.config().effective());
        json.writeFieldName("certificates");
        Json.array(json, view.certificates(), CertificateJson::write);
        json.writeEndObject();
    }

    private void clusters(JsonGenerator json, RouteTable table) throws IOException {
        Map<String, ClusterStats> used = new HashMap<>();
        view.clusters().forEach(stats -> used.put(stats.cluster(), stats));
        json.writeStartArray();
        for (Cluster cluster : ConfigDump.sorted(table.clusters().values(), Comparator.comparing(Cluster::key))) {
            json.writeStartObject();
            json.writeStringField("key", cluster.key());
            json.writeStringField("protocol", cluster.protocol().name().toLowerCase(Locale.ROOT));
            json.writeStringField(
                    "loadBalancer", cluster.policy().loadBalancer().algorithm().name());
            json.writeBooleanField("outlierDetection", cluster.policy().outliers() != null);
            ClusterStats stats = used.remove(cluster.key());
            if (stats != null) {
                counts(json, stats);
            }
            json.writeEndObject();
        }
        // A service that nothing was written for, and pods that were addressed themselves.
        for (ClusterStats stats : ConfigDump.sorted(used.values(), Comparator.comparing(ClusterStats::cluster))) {
            json.writeStartObject();
            json.writeStringField("key", stats.cluster());
            counts(json, stats);
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void counts(JsonGenerator json, ClusterStats stats) throws IOException {
        json.writeNumberField("connections", stats.connections());
        json.writeNumberField("requests", stats.requests());
        json.writeNumberField("pending", stats.pending());
        json.writeNumberField("ejected", stats.ejected());
        json.writeObjectFieldStart("events");
        for (ClusterStats.Count count : ClusterStats.Count.values()) {
            if (stats.get(count) > 0) {
                json.writeNumberField(count.name().toLowerCase(Locale.ROOT), stats.get(count));
            }
        }
        json.writeEndObject();
    }
}
