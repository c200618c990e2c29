package io.culvert.core.tls;

import io.culvert.identity.Credentials;
import java.time.InstantSource;

/** The two contexts of one set of credentials. Any thread. */
final class ContextPair {
    private final Credentials credentials;
    private final MeshSslContext client;
    private final MeshSslContext server;

    ContextPair(Credentials credentials, InstantSource clock, KeyAgreement keyAgreement) {
        this.credentials = credentials;
        this.client = new MeshSslContext(credentials, true, clock, keyAgreement);
        this.server = new MeshSslContext(credentials, false, clock, keyAgreement);
    }

    /** A pair that keeps no native memory: every handler is made from a context of its own. */
    static ContextPair retired(Credentials credentials, InstantSource clock, KeyAgreement keyAgreement) {
        ContextPair pair = new ContextPair(credentials, clock, keyAgreement);
        pair.retire();
        return pair;
    }

    Credentials credentials() {
        return credentials;
    }

    MeshSslContext client() {
        return client;
    }

    MeshSslContext server() {
        return server;
    }

    void build() {
        client.build();
        server.build();
    }

    void retire() {
        client.retire();
        server.retire();
    }
}
