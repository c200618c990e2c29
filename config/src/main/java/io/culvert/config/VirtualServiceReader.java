package io.culvert.config;

import io.culvert.config.VirtualServiceResource.Http;
import io.culvert.config.VirtualServiceResource.Stream;
import io.culvert.config.VirtualServiceResource.StreamMatch;
import io.culvert.config.VirtualServiceResource.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads VirtualServices. */
final class VirtualServiceReader implements KindReader {
    static final String MESH = "mesh";

    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new VirtualServiceResource(
                    meta, List.of(), false, List.of(), List.of(), List.of(), List.of(), root.place());
        }
        List<String> hosts = hosts(spec);
        List<String> gateways =
                spec.texts("gateways").stream().map(Fields.Text::value).toList();
        if (hosts.isEmpty() && !gateways.isEmpty()) {
            spec.error("gateways", "cannot stand without hosts: name hosts, or remove gateways from a delegate");
        }
        if (!spec.has("hosts") && MetaReader.isNameless(meta)) {
            // With a name it might be one that others delegate to.
            spec.error("hosts", "is missing: name the services whose requests are routed");
        }
        List<String> exportTo = Visibility.read(spec, meta);
        List<Http> http = new ArrayList<>();
        for (Fields rule : spec.objects("http")) {
            http.add(new HttpRuleReader(meta, rule).read(http.size()));
        }
        List<Stream> tls = streams(spec, "tls", hosts);
        List<Stream> tcp = streams(spec, "tcp", hosts);
        spec.finish();
        if (http.isEmpty() && tls.isEmpty() && tcp.isEmpty()) {
            spec.error("http", "is missing: a VirtualService needs a rule under http, tls or tcp");
        }
        if (hosts.isEmpty() && !(tls.isEmpty() && tcp.isEmpty())) {
            spec.error("hosts", "is missing: only http rules can be delegated to");
        }
        return new VirtualServiceResource(
                meta,
                hosts,
                gateways.isEmpty() || gateways.contains(MESH),
                exportTo,
                List.copyOf(http),
                tls,
                tcp,
                spec.place());
    }

    private static List<String> hosts(Fields spec) {
        List<String> hosts = new ArrayList<>();
        for (Fields.Text text : spec.texts("hosts")) {
            String host = text.value().toLowerCase(Locale.ROOT);
            String fault = Hosts.fault(host, true);
            if (fault != null) {
                spec.context().add(Severity.ERROR, text.line(), text.path(), "\"" + text.value() + "\" " + fault);
            } else if (hosts.contains(host)) {
                spec.context().add(Severity.WARNING, text.line(), text.path(), host + " is given twice");
            } else {
                hosts.add(host);
            }
        }
        return List.copyOf(hosts);
    }

    private static List<Stream> streams(Fields spec, String name, List<String> hosts) {
        List<Stream> streams = new ArrayList<>();
        boolean tls = name.equals("tls");
        for (Fields rule : spec.objects(name)) {
            List<StreamMatch> matches = new ArrayList<>();
            for (Fields match : rule.objects("match")) {
                matches.add(match(match, tls, hosts));
            }
            if (tls && matches.isEmpty()) {
                rule.error("match", "is missing: TLS is routed by sniHosts");
            }
            List<Target> route = TargetReader.route(rule, false);
            if (route.isEmpty() && !rule.has("route")) {
                rule.error("route", "is missing: name a destination");
            }
            rule.finish();
            streams.add(new Stream(name + "-" + streams.size(), List.copyOf(matches), route, rule.place()));
        }
        return List.copyOf(streams);
    }

    private static StreamMatch match(Fields match, boolean tls, List<String> hosts) {
        List<String> names = new ArrayList<>();
        if (tls) {
            for (Fields.Text text : match.texts("sniHosts")) {
                names.add(serverName(match, text, hosts));
            }
            if (names.isEmpty()) {
                match.error("sniHosts", "is missing: name the servers");
            }
        }
        List<Cidr> destinations = new ArrayList<>();
        for (Fields.Text text : match.texts("destinationSubnets")) {
            Cidr cidr = Cidr.parse(text.value());
            if (cidr == null) {
                match.error("destinationSubnets", "\"" + text.value() + "\" is no IP address or CIDR");
            } else {
                destinations.add(cidr);
            }
        }
        Integer port = match.number("port", 1, 65535);
        String never = HttpMatchReader.never(match);
        if (never == null && match.has("sourceNamespace")) {
            match.text("sourceNamespace");
            never = "sourceNamespace is executed for HTTP only";
            match.warning("sourceNamespace", never + ": this match takes no connection");
        }
        if (never == null && match.has("sourceSubnet")) {
            match.text("sourceSubnet");
            never = "sourceSubnet is not executed";
            match.warning("sourceSubnet", "is not executed by waypoints: this match takes no connection");
        }
        match.known("sourceNamespace", "sourceSubnet").finish();
        return new StreamMatch(
                List.copyOf(names), List.copyOf(destinations), port == null ? 0 : port, never, match.place());
    }

    private static String serverName(Fields match, Fields.Text text, List<String> hosts) {
        String name = text.value().toLowerCase(Locale.ROOT);
        String fault = Hosts.fault(name, true);
        String problem = fault != null
                ? "\"" + text.value() + "\" " + fault
                : isOf(name, hosts) ? null : "\"" + text.value() + "\" is not one of spec.hosts, nor covered by one";
        report(match, text, problem);
        return name;
    }

    private static boolean isOf(String name, List<String> hosts) {
        String plain = Hosts.isWildcard(name) ? name.substring(1) : name;
        return hosts.stream()
                .anyMatch(host -> host.equals(name)
                        || (Hosts.isWildcard(host) && plain.endsWith(host.substring(1)))
                        || (host.indexOf('.') < 0 && name.startsWith(host + ".")));
    }

    private static void report(Fields match, Fields.Text text, @Nullable String problem) {
        if (problem != null) {
            match.context().add(Severity.ERROR, text.line(), text.path(), problem);
        }
    }
}
