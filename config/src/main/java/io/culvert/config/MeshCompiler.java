package io.culvert.config;

import io.culvert.proto.security.Authorization;
import io.culvert.proto.workload.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compiles Kubernetes and Istio resources into the workload API, incrementally: a change costs what it touches. Owned
 * by: one thread.
 */
public final class MeshCompiler {
    // Owns what no resource causes.
    private static final ResourceKey BUILT_IN = new ResourceKey(Kind.PEER_AUTHENTICATION, "", "");

    private final CompilerSettings settings;
    private final Counters counters = new Counters();
    private final DiagnosticBook book = new DiagnosticBook();
    private final ResourceStore store = new ResourceStore(book, counters);
    private final MeshGraph graph;
    private final PodCompiler pods;
    private final ServiceCompiler services;
    private final Authorizations policies;
    private final Outputs<Address> addresses = new Outputs<>();
    private final Outputs<Authorization> authorizations = new Outputs<>();

    public MeshCompiler(CompilerSettings settings) {
        this.settings = settings;
        this.graph = new MeshGraph(settings);
        this.pods = new PodCompiler(settings, graph.mesh());
        this.services = new ServiceCompiler(settings, graph.mesh());
        this.policies = new Authorizations(settings);
        // There before any workload names it.
        authorizations.put(BUILT_IN, Authorizations.named(policies.staticStrict()));
    }

    /**
     * Takes changed files and reports and says what they change. Never throws for bad input: what is wrong is refused
     * alone, its last good version stays, and a {@link Diagnostic} says so.
     */
    public CompiledDelta apply(SourceChanges changes) {
        changes.files().forEach(store::update);
        store.takeChanges().forEach((key, change) -> graph.change(key, change.before(), change.after()));
        changes.removedReports().forEach(uid -> graph.report(uid, null));
        changes.reports().forEach(graph::report);
        compile();
        return new CompiledDelta(
                addresses.takeChanged(),
                addresses.takeRemoved(),
                authorizations.takeChanged(),
                authorizations.takeRemoved(),
                book.all());
    }

    private void compile() {
        Mesh mesh = graph.mesh();
        for (ResourceKey key : graph.dirty().policies()) {
            compilePolicy(key);
        }
        for (ResourceKey key : graph.dirty().services()) {
            ServiceResource service = mesh.services().get(key);
            addresses.put(key, service == null ? Map.of() : services.compile(service));
            counters.servicesCompiled++;
        }
        for (ResourceKey key : graph.dirty().slices()) {
            EndpointSliceResource slice = mesh.services().slice(key);
            addresses.put(key, slice == null ? Map.of() : services.compile(slice));
            counters.slicesCompiled++;
        }
        for (ResourceKey key : graph.dirty().pods()) {
            PodResource pod = mesh.pods().get(key);
            List<Diagnostic> found = new ArrayList<>();
            addresses.put(key, pod == null ? Map.of() : pods.compile(pod, found));
            book.put(new Compiled(key), found);
            counters.podsCompiled++;
        }
        graph.dirty().clear();
    }

    // Owner of what compiling a resource found, beside what reading it did.
    private record Compiled(ResourceKey key) {}

    private void compilePolicy(ResourceKey key) {
        List<Diagnostic> found = new ArrayList<>();
        Authorization authorization = null;
        boolean resolved = true;
        AuthorizationPolicyResource policy = graph.mesh().policies().get(key);
        PeerAuthenticationResource peer = graph.mesh().peers().get(key);
        if (policy != null) {
            authorization = policies.compile(policy, found);
            resolved = References.check(policy, graph.mesh().existence(), settings.trustDomain(), found);
        } else if (peer != null) {
            authorization = policies.compile(peer, graph.mesh().peers(), found);
            resolved = References.checkNamespace(peer.meta(), graph.mesh().existence(), found);
        }
        graph.mesh().existence().unresolved(key, !resolved);
        authorizations.put(key, Authorizations.named(authorization));
        book.put(new Compiled(key), found);
        counters.policiesCompiled++;
    }

    Counters counters() {
        return counters;
    }

    Mesh mesh() {
        return graph.mesh();
    }

    /** Everything compiled so far, by name; for tests. */
    Map<String, Address> allAddresses() {
        return addresses.all();
    }

    /** Everything compiled so far, by name; for tests. */
    Map<String, Authorization> allAuthorizations() {
        return authorizations.all();
    }

    /** The resources that count, as the files have left them; for tests. */
    Set<Map.Entry<ResourceKey, Resource>> effective() {
        return store.snapshot().entrySet();
    }
}
