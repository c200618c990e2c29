package io.culvert.agent;

import io.culvert.cni.CaptureController;
import io.culvert.cni.CaptureCounters;
import io.culvert.cni.CaptureSettings;
import io.culvert.cni.CniSocket;
import io.culvert.cni.RuleBackend;
import io.culvert.cni.RuleBackends;
import io.culvert.core.lifecycle.Component;
import io.culvert.core.lifecycle.Readiness;
import io.culvert.core.linux.LoopThreads;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.Logging;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.ProcessMetrics;
import io.culvert.core.tls.MeshTls;
import io.culvert.core.xds.BearerToken;
import io.culvert.core.xds.ControlChannels;
import io.culvert.core.xds.ControlEndpoint;
import io.culvert.core.xds.DeltaXdsClient;
import io.culvert.core.xds.XdsNode;
import io.culvert.core.xds.XdsStatus;
import io.culvert.identity.CredentialStatus;
import io.culvert.identity.IstioCaClient;
import io.culvert.identity.RotatingCredentialSource;
import io.culvert.identity.RotationSettings;
import io.culvert.identity.TrustDomain;
import io.culvert.ztunnel.ConnectionView;
import io.culvert.ztunnel.NodeProxy;
import io.culvert.ztunnel.ProxySettings;
import io.grpc.ManagedChannel;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An agent, put together with constructors. Any thread. */
final class Agent implements AgentView {
    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);
    private static final int MAX_LOOPS = 4;
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
        Files.createDirectories(config.stateDir());

        MetricsRegistry registry = new MetricsRegistry();
        ProcessMetrics.register(registry);
        AotCache.ofThisProcess().register(registry);
        Logging.register(registry);
        AccessLog accessLog = new AccessLog(registry, AccessLog.target(config.accessLog()));
        MeshTelemetry telemetry = new MeshTelemetry(registry, accessLog);
        components.add(accessLog);

        ControlChannels channels = new ControlChannels();
        AgentConfig.Control control = config.control();
        ManagedChannel xdsChannel = channels.open(ControlEndpoint.parse(control.xds(), control.rootCert()));
        ManagedChannel caChannel = control.ca().equals(control.xds())
                ? xdsChannel
                : channels.open(ControlEndpoint.parse(control.ca(), control.rootCert()));
        Supplier<String> token = BearerToken.file(control.nodeToken());
        components.add(new Part("control channels", () -> {}, channels::close));

        credentials = RotatingCredentialSource.create(
                new IstioCaClient(caChannel, token, config.clusterId()),
                RotationSettings.of(config.certTtl()),
                clock,
                RandomGenerator.getDefault());
        MeshTls tls = new MeshTls(clock, MeshTls.HANDSHAKE_TIMEOUT, config.keyAgreement());
        credentials.addListener(tls);
        components.add(new Part("certificates", () -> {}, () -> {
            credentials.close();
            tls.close();
        }));

        int loopCount = loopCount(config.threads());
        MultiThreadIoEventLoopGroup loops = config.transport().loops(loopCount, LoopThreads.factory("loop"));
        String transport = config.transport().transport().label();
        LOG.info("{} event loops by {}", loopCount, transport);
        registry.gauge("culvert_event_loops", "Event loops of the data path", "transport", transport, () -> loopCount);
        components.add(new Part(
                "event loops",
                () -> {},
                () -> loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2_000)));
        proxy = new NodeProxy(
                ProxySettings.of(config.node(), config.network()).withForceTunnel(config.forceTunnel()),
                loops,
                store,
                credentials,
                new MeshTunnelTls(credentials, tls),
                new TunnelLog(telemetry, clock),
                telemetry,
                clock);
        components.add(proxy);

        LocalIdentities identities = new LocalIdentities(credentials, store, config.node(), proxy::listening);
        pods = new NodePods(store, config.node());
        NodeReporter reporter = new NodeReporter(xdsChannel, token, config.node());
        reports = new PodReports(reporter);
        xds = new DeltaXdsClient(
                xdsChannel,
                token,
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
        components.add(new CapturePart(() -> startCapture(registry)));
        components.add(new CniPart());

        readiness.gate("state", () -> xds.ready().isDone());
        readiness.gate("loops", new LoopCheck(loops)::allTurn);
        readiness.gate("pods", this::captureSettled);
        components.add(new Part("control plane", () -> askWhenListening(reporter), () -> {}));
        addEndpoints(registry, quit);
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

    private static int loopCount(int threads) {
        return threads > 0 ? threads : Math.min(MAX_LOOPS, Runtime.getRuntime().availableProcessors());
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
