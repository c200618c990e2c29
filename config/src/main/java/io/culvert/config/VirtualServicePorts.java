package io.culvert.config;

import io.culvert.config.Delegation.Bound;
import io.culvert.config.VirtualServiceResource.Match;
import io.culvert.config.VirtualServiceResource.Stream;
import io.culvert.config.VirtualServiceResource.StreamMatch;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.TcpRule;
import io.culvert.core.route.TlsRule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The routes that VirtualServices give to the ports of one service. Owned by: one compilation. */
final class VirtualServicePorts {
    private final ServiceResource service;
    private final List<VirtualServiceResource> all;
    private final List<Bound> rules;
    private final VirtualServiceRules compiler;

    VirtualServicePorts(
            ServiceResource service,
            List<VirtualServiceResource> all,
            List<Bound> rules,
            VirtualServiceRules compiler) {
        this.service = service;
        this.all = all;
        this.rules = rules;
        this.compiler = compiler;
    }

    /** One match with its rule, for the clients of one namespace or of all. */
    private record Candidate(
            HttpRoutes.Entry entry, @Nullable String clientNamespace) {}

    /** The routes of a port. */
    PortRoutes at(int port) {
        List<Candidate> candidates = new ArrayList<>();
        Set<String> namespaces = new TreeSet<>();
        for (Bound bound : rules) {
            // Matches that end in the same rule share it.
            Map<PathKind, HttpRule> compiled = new HashMap<>();
            for (Match match : bound.http().matches()) {
                if (match.never() == null && (match.port() == 0 || match.port() == port)) {
                    HttpRule rule = compiled.computeIfAbsent(
                            new PathKind(
                                    bound.http().rewrite() == null
                                            ? null
                                            : match.match().path()),
                            _ -> compiler.rule(bound, match.match().path(), port));
                    candidates.add(new Candidate(new HttpRoutes.Entry(match.match(), rule), match.clientNamespace()));
                    if (match.clientNamespace() != null) {
                        namespaces.add(match.clientNamespace());
                    }
                }
            }
            if (bound.http().matches().isEmpty()) {
                candidates.add(
                        new Candidate(new HttpRoutes.Entry(HttpMatch.ANY, compiler.rule(bound, null, port)), null));
            }
        }
        Map<String, HttpRoutes> consumers = new HashMap<>();
        namespaces.forEach(namespace -> consumers.put(namespace, routes(candidates, namespace)));
        return new PortRoutes(routes(candidates, null), consumers, tcp(port), tls(port));
    }

    /** What a rule may depend on in a match. */
    private record PathKind(@Nullable PathMatch path) {}

    private HttpRoutes routes(List<Candidate> candidates, @Nullable String namespace) {
        List<HttpRoutes.Entry> entries = new ArrayList<>();
        for (Candidate candidate : candidates) {
            if (candidate.clientNamespace() == null
                    || candidate.clientNamespace().equals(namespace)) {
                entries.add(candidate.entry());
            }
        }
        // As in Istio: requests to a port of which no rule speaks pass.
        return candidates.isEmpty() ? HttpRoutes.NONE : new HttpRoutes(entries, true);
    }

    private List<TcpRule> tcp(int port) {
        List<TcpRule> compiled = new ArrayList<>();
        for (VirtualServiceResource virtual : all) {
            for (Stream stream : virtual.tcp()) {
                if (stream.matches().isEmpty() || stream.matches().stream().anyMatch(match -> takes(match, port))) {
                    compiled.add(new TcpRule(
                            VirtualServiceRules.name(virtual.meta(), stream.name()),
                            compiler.backends(virtual.meta(), stream.route(), port)));
                }
            }
        }
        return compiled;
    }

    private List<TlsRule> tls(int port) {
        List<TlsRule> compiled = new ArrayList<>();
        for (VirtualServiceResource virtual : all) {
            for (Stream stream : virtual.tls()) {
                Set<String> names = new LinkedHashSet<>();
                for (StreamMatch match : stream.matches()) {
                    if (takes(match, port)) {
                        names.addAll(match.serverNames());
                    }
                }
                if (!names.isEmpty()) {
                    // A server name of "*" is any, which an empty list says.
                    compiled.add(new TlsRule(
                            VirtualServiceRules.name(virtual.meta(), stream.name()),
                            names.contains("*") ? List.of() : List.copyOf(names),
                            compiler.backends(virtual.meta(), stream.route(), port)));
                }
            }
        }
        return compiled;
    }

    // The address that a connection was sent to is the service's, so that it can be held against the match here.
    private boolean takes(StreamMatch match, int port) {
        return match.never() == null
                && (match.port() == 0 || match.port() == port)
                && (match.destinations().isEmpty()
                        || service.clusterIps().stream()
                                .anyMatch(ip -> match.destinations().stream().anyMatch(cidr -> cidr.contains(ip))));
    }
}
