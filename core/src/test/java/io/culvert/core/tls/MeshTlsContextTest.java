package io.culvert.core.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.tls.TlsLoopback.Outcome;
import io.culvert.identity.Credentials;
import io.netty.handler.ssl.SslContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MeshTlsContextTest {
    private final MeshTls tls = new MeshTls(() -> TestAuthority.NOW);
    private TestAuthority mesh;
    private Credentials first;
    private Credentials second;
    private TlsLoopback server;

    @BeforeEach
    void start() throws Exception {
        mesh = new TestAuthority("cluster.local");
        first = mesh.credentials("web");
        second = mesh.credentials("web");
        server = new TlsLoopback(tls, tls.server(mesh.credentials("shop")));
    }

    @AfterEach
    void stop() {
        server.close();
        tls.close();
    }

    @Test
    void keepsOneContextPerSideAndCredentials() {
        SslContext client = tls.client(first);
        assertThat(tls.client(first)).isSameAs(client);
        assertThat(tls.server(first)).isNotSameAs(client).isSameAs(tls.server(first));
        assertThat(tls.client(second)).isNotSameAs(client);
        assertThat(client.isClient()).isTrue();
        assertThat(tls.server(first).isServer()).isTrue();
    }

    @Test
    void freesContextsWithTheirCredentialsAndKeepsConnections() throws Exception {
        MeshSslContext old = (MeshSslContext) tls.client(first);
        Outcome connection = server.connect(old);
        assertThat(old.isBuilt()).isTrue();

        tls.onPrepare(second.id(), second);
        tls.onRotated(second.id(), second);
        assertThat(old.isBuilt()).isFalse();
        assertThat(((MeshSslContext) tls.client(second)).isBuilt()).isTrue();
        assertThat(server.echo(connection, "still here")).isEqualTo("still here");

        // Whoever held the old one across the rotation is served, without memory that stays behind.
        assertThat(server.echo(server.connect(old), "late")).isEqualTo("late");
        assertThat(server.echo(server.connect(tls.client(first)), "later")).isEqualTo("later");
        assertThat(old.isBuilt()).isFalse();
        assertThat(((MeshSslContext) tls.client(first)).isBuilt()).isFalse();
        assertThat(tls.client(second)).isSameAs(tls.client(second));
    }

    @Test
    void forgetsIdentities() throws Exception {
        MeshSslContext context = (MeshSslContext) tls.client(first);
        Outcome connection = server.connect(context);
        assertThat(tls.size()).isEqualTo(2);
        tls.onForgotten(first.id());
        assertThat(tls.size()).isEqualTo(1);
        assertThat(context.isBuilt()).isFalse();
        assertThat(server.echo(connection, "still here")).isEqualTo("still here");
    }
}
