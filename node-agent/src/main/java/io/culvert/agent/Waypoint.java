package io.culvert.agent;

import io.culvert.config.CompilerSettings;
import io.culvert.config.Diagnostic;
import io.culvert.core.lifecycle.Component;
import io.culvert.core.lifecycle.Readiness;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.xds.DeltaXdsClient;
import io.culvert.core.xds.XdsNode;
import io.culvert.core.xds.XdsStatus;
import io.culvert.identity.CredentialStatus;
import io.culvert.identity.RotatingCredentialSource;
import io.culvert.identity.SpiffeId;
import io.culvert.waypoint.WaypointConnection;
import io.culvert.waypoint.WaypointContext;
import io.culvert.waypoint.WaypointServer;
import io.culvert.waypoint.WaypointSettings;
import io.culvert.waypoint.cluster.ClusterStats;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A waypoint's process, put together with constructors. Any thread. */
final class Waypoint {
    private static final Logger LOG = LoggerFactory.getLogger(Waypoint.class);

    private final WaypointConfig config;
    private final Readiness readiness = new Readiness();
    private final MeshStore store = new MeshStore();
    private final List<Component> components = new ArrayList<>();
    private final RotatingCredentialSource credentials;
    private final DeltaXdsClient xds;
    private final WaypointRoutes routes;
    private final Listening listening;

    /**
     * Puts the parts together; nothing serves before {@link #components} are started.
     *
     * @param quit asks for the end of the process
     * @throws IOException when something it was told cannot be used; the message names it
     */
    Waypoint(WaypointConfig config, Runnable quit) throws IOException {
        this.config = config;
        InstantSource clock = InstantSource.system();
        ProcessParts parts = ProcessParts.of(config, clock, components);
        credentials = parts.credentials();
        SpiffeId identity = config.identity();
        credentials.retain(identity);
        components.add(new Part("first certificate", credentials::begin, () -> {}));

        WaypointServer server = new WaypointServer(
                settings(identity),
                new WaypointContext(
                        parts.loops(),
                        store,
                        credentials,
                        new MeshTunnelTls(credentials, parts.tls()),
                        new TunnelLog(parts.telemetry(), clock),
                        parts.telemetry(),
                        clock),
                parts.accessLog());
        routes = new WaypointRoutes(compiler(), parts.registry(), server::onTable);
        xds = new DeltaXdsClient(
                parts.xdsChannel(),
                parts.token(),
                new XdsNode(
                        config.node(),
                        config.pod(),
                        config.namespace(),
                        "127.0.0.1",
                        config.clusterId(),
                        config.network()),
                store,
                routes,
                config.stateDir().resolve("mesh-state"),
                clock);
        components.add(new Part("mesh state", xds::start, xds::close));
        listening = new Listening(server, identity);
        components.add(listening);
        readiness.gate("state", () -> xds.ready().isDone());
        readiness.gate("certificate", () -> credentials.current(identity) != null);
        readiness.gate("listener", listening::isOpen);
        readiness.gate("loops", new LoopCheck(parts.loops())::allTurn);
        addEndpoints(parts.registry(), quit);
    }

    private WaypointSettings settings(SpiffeId identity) {
        return WaypointSettings.of(
                        config.name(),
                        config.namespace(),
                        config.clusterId() + "//Pod/" + config.namespace() + "/" + config.pod(),
                        config.network(),
                        identity,
                        new InetSocketAddress(InetAddress.ofLiteral("::"), config.hbonePort()))
                .withDetectWait(config.detectWait())
                .withMaxConnections(config.maxConnections());
    }

    private CompilerSettings compiler() {
        return new CompilerSettings(
                config.trustDomain(),
                config.clusterId(),
                config.clusterDomain(),
                config.rootNamespace(),
                config.network(),
                config.istioLabels());
    }

    private void addEndpoints(MetricsRegistry registry, Runnable quit) {
        AgentConfig.Ports ports = config.ports();
        components.add(
                new HttpEndpoint("metrics", new InetSocketAddress(ports.metrics()), MetricsPages.metrics(registry)));
        components.add(
                new HttpEndpoint("readiness", new InetSocketAddress(ports.ready()), MetricsPages.ready(readiness)));
        components.add(new HttpEndpoint(
                "admin",
                new InetSocketAddress(InetAddress.getLoopbackAddress(), ports.admin()),
                new WaypointPages(new View(), quit).routes()));
    }

    /** What the admin pages show. */
    private final class View implements WaypointView {
        @Override
        public WaypointConfig config() {
            return config;
        }

        @Override
        public MeshState state() {
            return store.current();
        }

        @Override
        public RouteTable routes() {
            return listening.server.table();
        }

        @Override
        public List<Diagnostic> diagnostics() {
            return routes.diagnostics();
        }

        @Override
        public XdsStatus controlPlane() {
            return xds.status();
        }

        @Override
        public List<CredentialStatus> certificates() {
            return credentials.status();
        }

        @Override
        public List<WaypointConnection> connections() {
            return listening.server.connections();
        }

        @Override
        public List<ClusterStats> clusters() {
            return listening.server.clusters();
        }
    }

    /** In the order of their start. */
    List<Component> components() {
        return components;
    }

    /** Listens once there are state and certificate: before that every connection would be lost. */
    private final class Listening implements Component {
        private final WaypointServer server;
        private final SpiffeId identity;
        private final CompletableFuture<Void> open = new CompletableFuture<>();
        // Guarded by this.
        private boolean closed;

        Listening(WaypointServer server, SpiffeId identity) {
            this.server = server;
            this.identity = identity;
        }

        @Override
        public String name() {
            return server.name();
        }

        @Override
        public void start() {
            var _ = CompletableFuture.allOf(credentials.require(identity), xds.ready())
                    .thenRunAsync(
                            this::listen,
                            task -> Thread.ofVirtual().name("listen").start(task))
                    .whenComplete((_, failure) -> {
                        if (failure != null) {
                            LOG.error("cannot listen: {}", failure.getMessage());
                        }
                    });
        }

        private synchronized void listen() {
            if (closed) {
                return;
            }
            try {
                server.start();
                LOG.info("tunnels of clients come in at {} to {}", server.address(), identity);
                open.complete(null);
            } catch (Exception e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        }

        boolean isOpen() {
            return open.isDone();
        }

        @Override
        public void drain(Duration deadline) {
            if (isOpen()) {
                server.drain(deadline);
            }
        }

        @Override
        public void close() {
            synchronized (this) {
                closed = true;
            }
            server.close();
        }
    }
}
