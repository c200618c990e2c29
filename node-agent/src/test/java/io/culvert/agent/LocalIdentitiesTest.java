package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.Workload;
import io.culvert.identity.CredentialSource;
import io.culvert.identity.CredentialStatus;
import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LocalIdentitiesTest {
    private static final SpiffeId WEB = SpiffeId.forServiceAccount(new TrustDomain("cluster.local"), "shop", "web");
    private static final SpiffeId DB = SpiffeId.forServiceAccount(new TrustDomain("cluster.local"), "shop", "db");
    private static final String UID = "Kubernetes//Pod/shop/web";

    private final MeshStore store = new MeshStore();
    private final Set<String> proxied = new HashSet<>();
    private final List<String> calls = new ArrayList<>();
    private final LocalIdentities identities = new LocalIdentities(new Recording(), store, "node-1", proxied::contains);

    @Test
    void aPodOfThisNodeThatSpeaksHboneIsRetainedAndReleasedWhenItGoes() {
        put(UID, WEB, "node-1", true);
        put(UID, WEB, "node-1", true);
        store.apply(MeshUpdate.builder().removeAddress(UID).build());
        assertThat(calls).containsExactly("retain " + WEB, "release " + WEB);
    }

    @Test
    void podsOfOtherNodesAndPlainOnesAreNot() {
        put(UID, WEB, "node-2", true);
        put("Kubernetes//Pod/shop/legacy", DB, "node-1", false);
        assertThat(calls).isEmpty();
    }

    @Test
    void anotherServiceAccountIsRetainedBeforeTheOldOneIsReleased() {
        put(UID, WEB, "node-1", true);
        put(UID, DB, "node-1", true);
        assertThat(calls).containsExactly("retain " + WEB, "retain " + DB, "release " + WEB);
    }

    @Test
    void aPodThatIsStillProxiedKeepsItsIdentityUntilTheProxyStops() {
        put(UID, WEB, "node-1", true);
        proxied.add(UID);
        put(UID, WEB, "node-1", false);
        assertThat(calls).containsExactly("retain " + WEB);
        proxied.remove(UID);
        identities.refresh(UID);
        assertThat(calls).containsExactly("retain " + WEB, "release " + WEB);
    }

    private void put(String uid, SpiffeId identity, String node, boolean hbone) {
        Workload workload = Workload.builder(uid, identity)
                .name("web")
                .namespace("shop")
                .node(node)
                .hbone(hbone)
                .build();
        store.apply(MeshUpdate.builder().put(workload).build());
    }

    private final class Recording implements CredentialSource {
        @Override
        public @Nullable Credentials current(SpiffeId id) {
            return null;
        }

        @Override
        public CompletableFuture<Credentials> require(SpiffeId id) {
            return new CompletableFuture<>();
        }

        @Override
        public void retain(SpiffeId id) {
            calls.add("retain " + id);
        }

        @Override
        public void release(SpiffeId id) {
            calls.add("release " + id);
        }

        @Override
        public void addListener(Listener listener) {}

        @Override
        public List<CredentialStatus> status() {
            return List.of();
        }

        @Override
        public void close() {}
    }
}
