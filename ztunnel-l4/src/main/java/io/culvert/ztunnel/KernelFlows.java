package io.culvert.ztunnel;

import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.core.linux.SocketDiag;
import io.culvert.core.relay.FlowProbe;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the kernel about connections in a pod's namespace. A client's connection to an app is there as the app's socket
 * (direct, or the proxy's in the client's name) or as the proxy's on 15006 (redirected): both are looked for. Any
 * thread: whoever finds the one kept descriptor in use opens another.
 */
final class KernelFlows implements FlowProbe, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(KernelFlows.class);

    private final NetworkNamespace namespace;
    private final AtomicReference<@Nullable SocketDiag> idle = new AtomicReference<>();
    private final AtomicBoolean complained = new AtomicBoolean();
    private volatile boolean closed;

    KernelFlows(NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    @Override
    public boolean inUse(InetAddress client, int port, InetSocketAddress app) {
        if (client.getClass() != app.getAddress().getClass()) {
            return false;
        }
        SocketDiag diag = null;
        try {
            diag = take();
            return diag.exists(app, client, port)
                    || diag.exists(
                            new InetSocketAddress(app.getAddress(), MeshSockets.INBOUND_PLAIN_PORT), client, port);
        } catch (IOException | IllegalStateException e) {
            complain(e);
            return false;
        } finally {
            give(diag);
        }
    }

    /**
     * Checks that the kernel answers about sockets that are there; without tcp_diag it denies them all.
     *
     * @param pod an address of the pod, whose 15006 listens
     */
    void verify(InetAddress pod) {
        SocketDiag diag = null;
        try {
            diag = take();
            if (!diag.sees(new InetSocketAddress(pod, MeshSockets.INBOUND_PLAIN_PORT))) {
                complain(null);
            }
        } catch (IOException | IllegalStateException e) {
            complain(e);
        } finally {
            give(diag);
        }
    }

    /** Ports outside of the ephemeral range are all that is left then. */
    private void complain(@Nullable Exception cause) {
        if (complained.compareAndSet(false, true)) {
            LOG.warn(
                    "cannot ask the kernel about connections in {} (is tcp_diag there?): source ports are not checked"
                            + " against the client's own",
                    namespace,
                    cause);
        }
    }

    private SocketDiag take() throws IOException {
        SocketDiag diag = idle.getAndSet(null);
        return diag != null ? diag : SocketDiag.open(namespace);
    }

    private void give(@Nullable SocketDiag diag) {
        if (diag != null && (closed || !idle.compareAndSet(null, diag))) {
            diag.close();
        }
        if (closed) {
            close();
        }
    }

    @Override
    public void close() {
        closed = true;
        SocketDiag diag = idle.getAndSet(null);
        if (diag != null) {
            diag.close();
        }
    }
}
