package io.culvert.controlplane;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.culvert.config.Diagnostic;
import io.culvert.config.RouteStatus;
import io.culvert.controlplane.ca.MeshCa;
import io.culvert.core.xds.ResourceType;
import io.culvert.proto.node.PodReport;
import io.culvert.proto.node.ReportPodsRequest;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Renders the controller's status. Any thread. */
final class StatusPage {
    /** What does not fit is counted. */
    private static final int MAX_FINDINGS = 1_000;

    private static final int MAX_ROUTES = 1_000;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectWriter PRETTY = JSON.writerWithDefaultPrettyPrinter();

    private final ControllerSettings settings;
    private final XdsCache cache;
    private final ReportBook book;
    private final DeltaXdsServer xds;
    private final CompileLoop compiler;
    private final Supplier<Map<String, String>> sourceFaults;
    private final InstantSource clock;
    private volatile @Nullable MeshCa ca;

    StatusPage(
            ControllerSettings settings,
            XdsCache cache,
            ReportBook book,
            DeltaXdsServer xds,
            CompileLoop compiler,
            Supplier<Map<String, String>> sourceFaults,
            InstantSource clock) {
        this.settings = settings;
        this.cache = cache;
        this.book = book;
        this.xds = xds;
        this.compiler = compiler;
        this.sourceFaults = sourceFaults;
        this.clock = clock;
    }

    void ca(MeshCa opened) {
        ca = opened;
    }

    String render() {
        ObjectNode root = JSON.createObjectNode();
        root.put("time", clock.instant().toString());
        root.put("config", settings.configDirectory().toString());
        root.put("trustDomain", settings.compiler().trustDomain());
        root.put("revision", cache.revision());
        ObjectNode resources = root.putObject("resources");
        resources.put("addresses", cache.size(ResourceType.ADDRESS));
        resources.put("authorizations", cache.size(ResourceType.AUTHORIZATION));
        findings(root);
        routes(root);
        clients(root.putArray("clients"));
        nodes(root.putArray("nodes"));
        certificates(root);
        try {
            return PRETTY.writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of text and numbers is always JSON", e);
        }
    }

    private void findings(ObjectNode root) {
        ArrayNode list = root.putArray("diagnostics");
        sourceFaults.get().forEach((file, reason) -> finding(list, "error", file, 0, "", "", reason));
        String failure = compiler.failure();
        if (failure != null) {
            finding(list, "error", "", 0, "", "", "the compiler failed; the last good state stays: " + failure);
        }
        List<Diagnostic> all = compiler.diagnostics();
        for (Diagnostic d : all.subList(0, Math.min(all.size(), MAX_FINDINGS))) {
            finding(
                    list,
                    d.severity().name().toLowerCase(Locale.ROOT),
                    d.file(),
                    d.line(),
                    d.resource(),
                    d.path(),
                    d.message());
        }
        root.put("diagnosticsNotShown", Math.max(0, all.size() - MAX_FINDINGS));
    }

    private static void finding(
            ArrayNode list, String severity, String file, int line, String resource, String path, String message) {
        ObjectNode finding = list.addObject();
        finding.put("severity", severity);
        finding.put("file", file);
        finding.put("line", line);
        finding.put("resource", resource);
        finding.put("path", path);
        finding.put("message", message);
    }

    /** What becomes of the resources that waypoints execute, those first that are not wholly in force. */
    private void routes(ObjectNode root) {
        ArrayNode list = root.putArray("routes");
        List<RouteStatus> all = compiler.routes().values().stream()
                .sorted(Comparator.comparing(RouteStatus::inForce).thenComparing(RouteStatus::resource))
                .toList();
        for (RouteStatus status : all.subList(0, Math.min(all.size(), MAX_ROUTES))) {
            ObjectNode one = list.addObject();
            one.put("resource", status.resource());
            conditions(one, status.conditions());
            ArrayNode parents = one.putArray("parents");
            for (RouteStatus.Parent parent : status.parents()) {
                ObjectNode each = parents.addObject();
                each.put("parent", parent.parent());
                conditions(each, parent.conditions());
            }
        }
        root.put("routesNotShown", Math.max(0, all.size() - MAX_ROUTES));
    }

    private static void conditions(ObjectNode owner, List<RouteStatus.Condition> conditions) {
        ArrayNode list = owner.putArray("conditions");
        for (RouteStatus.Condition condition : conditions) {
            ObjectNode one = list.addObject();
            one.put("type", condition.type());
            one.put("status", condition.status());
            one.put("reason", condition.reason());
            one.put("message", condition.message());
        }
    }

    private void clients(ArrayNode list) {
        for (AgentStatus agent : xds.clients()) {
            ObjectNode client = list.addObject();
            client.put("id", agent.id());
            client.put("node", agent.node());
            client.put("proved", agent.proved());
            client.put("peer", agent.peer());
            client.put("since", agent.since().toString());
            ObjectNode types = client.putObject("types");
            agent.types().forEach((type, status) -> {
                ObjectNode one = types.putObject(type.name().toLowerCase(Locale.ROOT));
                one.put("wildcard", status.wildcard());
                one.put("sentRevision", status.sentRevision());
                one.put("ackedRevision", status.ackedRevision());
                one.put("pending", status.pending());
                one.put("nack", status.nack());
            });
        }
    }

    private void nodes(ArrayNode list) {
        for (ReportPodsRequest node : book.all()) {
            ObjectNode one = list.addObject();
            one.put("node", node.getNode());
            ArrayNode pods = one.putArray("pods");
            for (PodReport report : node.getPodsList()) {
                ObjectNode pod = pods.addObject();
                pod.put("uid", report.getUid());
                pod.put("state", report.getState().name().toLowerCase(Locale.ROOT));
                pod.put("reason", report.getReason());
                pod.put("unproxiedConnections", report.getUnproxiedConnections());
            }
        }
    }

    private void certificates(ObjectNode root) {
        MeshCa opened = ca;
        if (opened != null) {
            ObjectNode authority = root.putObject("authority");
            authority.put("subject", opened.root().getSubjectX500Principal().getName());
            authority.put("serial", opened.root().getSerialNumber().toString(16));
            authority.put("expires", opened.root().getNotAfter().toInstant().toString());
            authority.put("longestCertificateSeconds", settings.certTtlMax().toSeconds());
        }
    }
}
