package io.culvert.agent;

import com.fasterxml.jackson.core.JsonGenerator;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Policy;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.telemetry.Way;
import io.culvert.ztunnel.ConnectionView;
import java.io.IOException;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code /config_dump} in ztunnel's shape, so that istioctl's ztunnel-config and dashboards read it. */
final class ConfigDump {
    private final AgentView view;

    ConfigDump(AgentView view) {
        this.view = view;
    }

    void write(JsonGenerator json) throws IOException {
        MeshState state = view.state();
        json.writeStartObject();
        json.writeFieldName("workloads");
        Json.array(json, sorted(state.workloads(), Comparator.comparing(Workload::uid)), ConfigDump::workload);
        json.writeFieldName("services");
        Json.array(json, sorted(state.services(), Comparator.comparing(Service::key)), (j, s) -> service(j, s, state));
        json.writeFieldName("policies");
        Json.array(json, sorted(state.policies(), Comparator.comparing(Policy::key)), PolicyDump::write);
        json.writeArrayFieldStart("stagedServices");
        json.writeEndArray();
        json.writeObjectFieldStart("staticConfig");
        json.writeEndObject();
        version(json);
        json.writeFieldName("config");
        config(json, view.config().effective());
        json.writeFieldName("certificates");
        Json.array(json, view.certificates(), CertificateJson::write);
        json.writeObjectFieldStart("workloadState");
        for (PodView pod : view.pods()) {
            json.writeFieldName(pod.uid());
            workloadState(json, pod);
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    static void version(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("version");
        json.writeStringField("version", Version.text());
        json.writeStringField("gitTag", Version.text());
        json.writeEndObject();
    }

    static <T> Iterable<T> sorted(java.util.Collection<T> all, Comparator<T> order) {
        return all.stream().sorted(order).toList();
    }

    static void workload(JsonGenerator json, Workload w) throws IOException {
        json.writeStartObject();
        json.writeStringField("uid", w.uid());
        Json.strings(json, "workloadIps", w.addresses());
        json.writeStringField("protocol", w.hbone() ? "HBONE" : "TCP");
        json.writeStringField("name", w.name());
        json.writeStringField("namespace", w.namespace());
        json.writeStringField("serviceAccount", w.serviceAccount());
        json.writeStringField("trustDomain", w.identity().trustDomain().name());
        json.writeStringField("workloadName", w.workloadName());
        json.writeStringField("workloadType", w.workloadType().name().toLowerCase(Locale.ROOT));
        json.writeStringField("canonicalName", w.canonicalName());
        json.writeStringField("canonicalRevision", w.canonicalRevision());
        json.writeStringField("clusterId", w.clusterId());
        json.writeStringField("network", w.network());
        json.writeStringField("node", w.node());
        json.writeStringField("hostname", w.hostname());
        json.writeStringField("status", w.healthy() ? "Healthy" : "Unhealthy");
        json.writeStringField("networkMode", w.hostNetwork() ? "HostNetwork" : "Standard");
        json.writeNumberField("capacity", w.capacity());
        json.writeObjectFieldStart("locality");
        text(json, "region", w.locality().region());
        text(json, "zone", w.locality().zone());
        text(json, "subzone", w.locality().subzone());
        json.writeEndObject();
        Json.strings(json, "services", w.services().keySet().stream().sorted().toList());
        Json.strings(json, "authorizationPolicies", w.authorizationPolicies());
        gateway(json, "waypoint", w.waypoint());
        gateway(json, "networkGateway", w.networkGateway());
        json.writeEndObject();
    }

    static void service(JsonGenerator json, Service s, MeshState state) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", s.name());
        json.writeStringField("namespace", s.namespace());
        json.writeStringField("hostname", s.hostname());
        Json.strings(
                json,
                "vips",
                s.vips().stream().map(v -> v.network() + "/" + v.range()).toList());
        ports(json, "ports", s.ports());
        json.writeObjectFieldStart("endpoints");
        for (Endpoint endpoint : state.endpoints(s.key()).all()) {
            json.writeObjectFieldStart(endpoint.workload().uid());
            json.writeStringField("workloadUid", endpoint.workload().uid());
            json.writeStringField("service", s.key());
            ports(json, "port", endpoint.ports());
            json.writeStringField("status", endpoint.workload().healthy() ? "Healthy" : "Unhealthy");
            json.writeEndObject();
        }
        json.writeEndObject();
        Json.strings(json, "subjectAltNames", s.subjectAltNames());
        gateway(json, "waypoint", s.waypoint());
        json.writeEndObject();
    }

    private void workloadState(JsonGenerator json, PodView pod) throws IOException {
        json.writeStartObject();
        json.writeStringField("state", pod.state().equals("enabled") ? "Up" : "Pending");
        json.writeObjectFieldStart("connections");
        connections(json, "inbound", pod.uid(), true);
        connections(json, "outbound", pod.uid(), false);
        json.writeEndObject();
        json.writeObjectFieldStart("info");
        json.writeStringField("name", pod.name());
        json.writeStringField("namespace", pod.namespace());
        json.writeStringField("serviceAccount", pod.serviceAccount());
        json.writeEndObject();
        json.writeEndObject();
    }

    private void connections(JsonGenerator json, String field, String uid, boolean inbound) throws IOException {
        json.writeArrayFieldStart(field);
        for (ConnectionView c : view.connections()) {
            if (c.outbound() != inbound && c.pod().equals(uid)) {
                json.writeStartObject();
                json.writeStringField("src", Addresses.text(c.source()));
                json.writeStringField("originalDst", Addresses.text(c.originalDestination()));
                json.writeStringField("actualDst", Addresses.text(c.destination()));
                json.writeStringField("protocol", protocol(c.way()));
                json.writeEndObject();
            }
        }
        json.writeEndArray();
    }

    private static String protocol(Way way) {
        return switch (way) {
            case TUNNEL, WAYPOINT, INBOUND_HBONE -> "HBONE";
            case SAME_NODE, PLAIN, REFUSED, INBOUND_PLAIN -> "TCP";
        };
    }

    static void config(JsonGenerator json, Map<String, String> effective) throws IOException {
        json.writeStartObject();
        for (Map.Entry<String, String> entry : effective.entrySet()) {
            json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
    }

    private static void ports(JsonGenerator json, String field, PortMap ports) throws IOException {
        json.writeObjectFieldStart(field);
        for (PortMap.ServicePort port : ports.ports()) {
            json.writeNumberField(Integer.toString(port.servicePort()), port.targetPort());
        }
        json.writeEndObject();
    }

    private static void gateway(JsonGenerator json, String field, @Nullable GatewayRef ref) throws IOException {
        if (ref == null) {
            return;
        }
        json.writeObjectFieldStart(field);
        switch (ref) {
            case GatewayRef.ByHostname h -> json.writeStringField("destination", h.namespace() + "/" + h.hostname());
            case GatewayRef.ByAddress a -> json.writeStringField("destination", a.network() + "/" + a.address());
        }
        json.writeNumberField("hboneMtlsPort", ref.hbonePort());
        json.writeEndObject();
    }

    private static void text(JsonGenerator json, String field, String value) throws IOException {
        if (!value.isEmpty()) {
            json.writeStringField(field, value);
        }
    }
}
