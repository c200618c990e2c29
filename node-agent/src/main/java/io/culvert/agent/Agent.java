package io.culvert.agent;

import io.culvert.cni.CaptureController;
import io.culvert.cni.CaptureCounters;
import io.culvert.cni.CaptureSettings;
import io.culvert.cni.CniSocket;
import io.culvert.cni.RuleBackend;
import io.culvert.cni.RuleBackends;
import io.culvert.core.lifecycle.Component;
import io.culvert.core.lifecycle.Readiness;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.xds.DeltaXdsClient;
import io.culvert.core.xds.XdsNode;
import io.culvert.core.xds.XdsStatus;
import io.culvert.identity.CredentialStatus;
import io.culvert.identity.RotatingCredentialSource;
import io.culvert.identity.TrustDomain;
import io.culvert.ztunnel.ConnectionView;
import io.culvert.ztunnel.NodeProxy;
import io.culvert.ztunnel.ProxySettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An agent, put together with constructors. Any thread. */
final class Agent implements AgentView {
    /** A pod whose listeners hang must not keep the others from their certificates. */
    private static final Duration LISTENING_PATIENCE = Duration.ofSeconds(1);

    private final AgentConfig config;
    private final Readiness readiness = new Readiness();
    private final MeshStore store = new MeshStore();
    private final List<Component> components = new ArrayList<>();
    private final DeltaXdsClient xds;
    private final RotatingCredentialSource credentials;
    private final NodeProxy proxy;
    private final NodePods pods;
    private final PodReports reports;
    private final Early<CaptureController> preparedCapture;
    private volatile @Nullable CaptureController capture;

    /**
     * Puts the parts together; nothing serves before {@link #components} are started.
     *
     * @param quit asks for the end of the process
     * @throws IOException when something it was told cannot be used; the message names it
     */
    Agent(AgentConfig config, Runnable quit) throws IOException {
        this.config = config;
        Early<RuleBackend> rules = Early.begin(
                "rule-backend", () -> RuleBackends.detect(config.rules().label()));
        InstantSource clock = InstantSource.system();
        ProcessParts parts = ProcessParts.of(config, clock, components);
        credentials = parts.credentials();
        proxy = new NodeProxy(
                ProxySettings.of(config.node(), config.network()).withForceTunnel(config.forceTunnel()),
                parts.loops(),
                store,
                credentials,
                new MeshTunnelTls(credentials, parts.tls()),
                new TunnelLog(parts.telemetry(), clock),
                parts.telemetry(),
                clock);
        components.add(proxy);

        LocalIdentities identities = new LocalIdentities(credentials, store, config.node(), proxy::listening);
        pods = new NodePods(store, config.node());
        NodeReporter reporter = new NodeReporter(parts.xdsChannel(), parts.token(), config.node());
        reports = new PodReports(reporter);
        xds = new DeltaXdsClient(
                parts.xdsChannel(),
                parts.token(),
                XdsNode.standalone(config.node(), config.clusterId(), config.network()),
                store,
                config.stateDir().resolve("mesh-state"),
                clock);
        xds.onConnected(reporter::resync);
        components.add(new Part("mesh state", xds::restore, xds::close));
        components.add(new Part("pod reports", () -> {}, reporter::close));
        CapturedPods captured =
                new CapturedPods(proxy, store, new TrustDomain(config.trustDomain()), identities::refresh);
        preparedCapture = Early.begin("capture-prepare", () -> {
            CaptureController made = new CaptureController(
                    CaptureSettings.defaults(config.stateDir()), rules.get(), captured, pods, reports);
            made.prepare();
            return made;
        });
        components.add(new CapturePart(() -> startCapture(parts.registry())));
        components.add(new CniPart());

        readiness.gate("state", () -> xds.ready().isDone());
        readiness.gate("loops", new LoopCheck(parts.loops())::allTurn);
        readiness.gate("pods", this::captureSettled);
        components.add(new Part("control plane", () -> askWhenListening(reporter), () -> {}));
        addEndpoints(parts.registry(), quit);
    }

    private void addEndpoints(MetricsRegistry registry, Runnable quit) {
        AgentConfig.Ports ports = config.ports();
        components.add(new HttpEndpoint("metrics", any(ports.metrics()), MetricsPages.metrics(registry)));
        components.add(new HttpEndpoint("readiness", any(ports.ready()), MetricsPages.ready(readiness)));
        HttpEndpoint admin = new HttpEndpoint(
                "admin",
                new InetSocketAddress(InetAddress.getLoopbackAddress(), ports.admin()),
                new AdminPages(this, quit).routes());
        components.add(admin);
        components.add(new RunningAgents(RunningAgents.DIRECTORY, config.node(), admin::port));
    }

    /** In the order of their start. */
    List<Component> components() {
        return components;
    }

    private void startCapture(MetricsRegistry registry) throws Exception {
        CaptureController started = preparedCapture.get();
        for (CaptureCounters.Event event : CaptureCounters.Event.values()) {
            registry.gauge(
                    "culvert_capture_events",
                    "What the capture of pods did since the start",
                    "event",
                    event.label(),
                    () -> started.counters().get(event));
        }
        started.start();
        capture = started;
    }

    private void closeCapture() {
        CaptureController running = capture;
        if (running != null) {
            // Idempotent.
            running.close();
        }
    }

    private boolean captureSettled() {
        CaptureController running = capture;
        return running != null && running.settled();
    }

    /**
     * Asks the control plane and the CA once the pods that were captured before are served by what is on disk: keys and
     * connections cost more computing than all else of a start, and nobody waits for them who could not connect yet.
     */
    private void askWhenListening(NodeReporter reporter) {
        CaptureController running = capture;
        if (running == null) {
            throw new IllegalStateException("the capture is not started");
        }
        var _ = running.listening()
                .toCompletableFuture()
                .completeOnTimeout(null, LISTENING_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .thenRun(() -> {
                    credentials.begin();
                    xds.connect();
                    reporter.start();
                });
        // Until both, a list of reports would not name pods that are enrolled.
        var _ = xds.ready().thenCombine(running.adopted(), (_, _) -> true).thenRun(reporter::complete);
    }

    /** Ends before the proxy drains: it would heal the listeners that a drain closes. The rules stay: fail closed. */
    private final class CapturePart implements Component {
        private final Part.Starter starter;

        CapturePart(Part.Starter starter) {
            this.starter = starter;
        }

        @Override
        public String name() {
            return "pod capture";
        }

        @Override
        public void start() throws Exception {
            starter.start();
        }

        @Override
        public void drain(Duration deadline) {
            closeCapture();
        }

        @Override
        public void close() {
            closeCapture();
        }
    }

    private final class CniPart implements Component {
        private @Nullable CniSocket socket;

        @Override
        public String name() {
            return "CNI socket " + config.cniSocket();
        }

        @Override
        public void start() throws IOException {
            CaptureController running = capture;
            if (running == null) {
                throw new IllegalStateException("the capture is not started");
            }
            socket = CniSocket.open(config.cniSocket(), running);
        }

        /** New pods are the next agent's. */
        @Override
        public void drain(Duration deadline) {
            close();
        }

        @Override
        public void close() {
            CniSocket open = socket;
            if (open != null) {
                try {
                    open.close();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        }
    }

    private static InetSocketAddress any(int port) {
        return new InetSocketAddress(port);
    }

    // ---- for the admin pages

    @Override
    public AgentConfig config() {
        return config;
    }

    @Override
    public MeshState state() {
        return store.current();
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
    public List<PodView> pods() {
        CaptureController running = capture;
        return PodViews.of(
                store.current(),
                config.node(),
                running == null ? List.of() : running.status(),
                reports,
                proxy::openConnections);
    }

    @Override
    public List<ConnectionView> connections() {
        return proxy.connections();
    }
}
