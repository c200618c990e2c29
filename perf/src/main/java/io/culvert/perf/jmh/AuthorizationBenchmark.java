package io.culvert.perf.jmh;

import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PolicyContext;
import io.culvert.core.mesh.PolicySet;
import io.culvert.core.mesh.PolicyVerdict;
import io.culvert.core.mesh.ResourceDecoder;
import io.culvert.core.mesh.Workload;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import io.culvert.perf.scale.MeshGenerator;
import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.StringMatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Policies of a namespace with ten rules each, judging a connection that the last one allows, or none. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AuthorizationBenchmark {
    private static final int RULES = 10;
    private static final TrustDomain DOMAIN = new TrustDomain("cluster.local");
    private static final Ip SOURCE = Ip.parse("10.128.9.9");
    private static final Ip DESTINATION = Ip.parse("10.128.0.0");

    @Param({"10", "1000", "10000"})
    public int policies;

    private MeshState state = MeshState.EMPTY;
    private @Nullable Workload destination;
    private PolicyContext lastAllowed = context("client-0");
    private final PolicyContext nobody = context("nobody");

    private static PolicyContext context(String account) {
        return new PolicyContext(SpiffeId.forServiceAccount(DOMAIN, "clients", account), SOURCE, DESTINATION, 8080);
    }

    @Setup(Level.Trial)
    public void fill() {
        Workload workload = Meshes.workload(new MeshGenerator(1, 0), 0, "");
        MeshUpdate.Builder update = MeshUpdate.builder();
        update.put(workload);
        for (int i = 0; i < policies; i++) {
            Authorization.Builder policy = Authorization.newBuilder()
                    .setName(String.format("policy-%05d", i))
                    .setNamespace(workload.namespace())
                    .setScope(io.culvert.proto.security.Scope.NAMESPACE)
                    .setAction(Action.ALLOW);
            for (int r = 0; r < RULES; r++) {
                policy.addRules(rule("cluster.local/ns/clients/sa/client-" + (i * RULES + r)));
            }
            update.put(ResourceDecoder.policy(workload.namespace() + "/" + policy.getName(), policy.build()));
        }
        MeshStore store = new MeshStore();
        store.apply(update.build());
        state = store.current();
        destination = workload;
        lastAllowed = context("client-" + (policies * RULES - 1));
    }

    private static Rule rule(String principal) {
        return Rule.newBuilder()
                .addClauses(Clause.newBuilder()
                        .addMatches(Match.newBuilder()
                                .addPrincipals(StringMatch.newBuilder().setExact(principal))))
                .addClauses(Clause.newBuilder().addMatches(Match.newBuilder().addDestinationPorts(8080)))
                .build();
    }

    private PolicySet set() {
        return state.policiesFor(java.util.Objects.requireNonNull(destination));
    }

    @Benchmark
    public PolicyVerdict allowedByTheLast() {
        return set().evaluate(lastAllowed);
    }

    @Benchmark
    public PolicyVerdict allowedByNone() {
        return set().evaluate(nobody);
    }
}
