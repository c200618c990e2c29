package io.culvert.config;

import io.culvert.proto.node.PodReport;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.workload.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Good resources and reports in, the workload API out: compiles what changed resources touch. Owned by: the compiler's
 * thread.
 */
final class GraphCompiler {
    // Owns what no resource causes.
    private static final ResourceKey BUILT_IN = new ResourceKey(Kind.PEER_AUTHENTICATION, "", "");

    private final CompilerSettings settings;
    private final Counters counters;
    private final DiagnosticBook book = new DiagnosticBook();
    private final MeshGraph graph;
    private final PodCompiler pods;
    private final ServiceCompiler services;
    private final Authorizations policies;
    private final Outputs<Address> addresses = new Outputs<>();
    private final Outputs<Authorization> authorizations = new Outputs<>();

    GraphCompiler(CompilerSettings settings, Counters counters) {
        this.settings = settings;
        this.counters = counters;
        this.graph = new MeshGraph(settings);
        this.pods = new PodCompiler(settings, graph.mesh());
        this.services = new ServiceCompiler(settings, graph.mesh());
        this.policies = new Authorizations(settings);
        // There before any workload names it.
        authorizations.put(BUILT_IN, Authorizations.named(policies.staticStrict()));
    }

    void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after) {
        graph.change(key, before, after);
    }

    void report(String uid, @Nullable PodReport report) {
        graph.report(uid, report);
    }

    /** Brings the outputs up to date. */
    void compile() {
        for (ResourceKey key : graph.dirty().policies()) {
            compilePolicy(key);
        }
        for (ResourceKey key : graph.dirty().services()) {
            ServiceResource service = mesh().services().get(key);
            addresses.put(key, service == null ? Map.of() : services.compile(service));
            counters.servicesCompiled++;
        }
        for (ResourceKey key : graph.dirty().slices()) {
            EndpointSliceResource slice = mesh().services().slice(key);
            addresses.put(key, slice == null ? Map.of() : services.compile(slice));
            counters.slicesCompiled++;
        }
        for (ResourceKey key : graph.dirty().pods()) {
            PodResource pod = mesh().pods().get(key);
            List<Diagnostic> found = new ArrayList<>();
            PodCompiler.Compiled compiled = pod == null ? PodCompiler.Compiled.NOTHING : pods.compile(pod, found);
            addresses.put(key, compiled.addresses());
            authorizations.put(key, compiled.authorizations());
            book.put(key, found);
            counters.podsCompiled++;
        }
        graph.dirty().clear();
    }

    private void compilePolicy(ResourceKey key) {
        List<Diagnostic> found = new ArrayList<>();
        Authorization authorization = null;
        boolean resolved = true;
        AuthorizationPolicyResource policy = mesh().policies().get(key);
        PeerAuthenticationResource peer = mesh().peers().get(key);
        if (policy != null) {
            authorization = policies.compile(policy, found);
            resolved = References.check(policy, mesh().existence(), settings.trustDomain(), found);
        } else if (peer != null) {
            authorization = policies.compile(peer, mesh().peers(), found);
            resolved = References.checkNamespace(peer.meta(), mesh().existence(), found);
        }
        mesh().existence().unresolved(key, !resolved);
        authorizations.put(key, Authorizations.named(authorization));
        book.put(key, found);
        counters.policiesCompiled++;
    }

    Mesh mesh() {
        return graph.mesh();
    }

    /** What compiling found; reading found other things. */
    DiagnosticBook book() {
        return book;
    }

    Outputs<Address> addresses() {
        return addresses;
    }

    Outputs<Authorization> authorizations() {
        return authorizations;
    }
}
