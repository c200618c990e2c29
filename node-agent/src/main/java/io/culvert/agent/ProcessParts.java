package io.culvert.agent;

import io.culvert.core.lifecycle.Component;
import io.culvert.core.linux.LoopThreads;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.Logging;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.ProcessMetrics;
import io.culvert.core.tls.MeshTls;
import io.culvert.core.xds.BearerToken;
import io.culvert.core.xds.ControlChannels;
import io.culvert.core.xds.ControlEndpoint;
import io.culvert.identity.IstioCaClient;
import io.culvert.identity.RotatingCredentialSource;
import io.culvert.identity.RotationSettings;
import io.grpc.ManagedChannel;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What agent and waypoint have alike: metrics, access log, the channels to the control plane, certificates and event
 * loops. Any thread.
 *
 * @param token what proves this process to the control plane, read anew for each call
 * @param credentials not begun: an agent has pods to serve before it asks for certificates
 */
record ProcessParts(
        MetricsRegistry registry,
        AccessLog accessLog,
        MeshTelemetry telemetry,
        ManagedChannel xdsChannel,
        Supplier<String> token,
        RotatingCredentialSource credentials,
        MeshTls tls,
        MultiThreadIoEventLoopGroup loops) {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessParts.class);
    private static final int MAX_LOOPS = 4;

    /**
     * Makes the parts; those that must be closed are added to {@code components}.
     *
     * @throws IOException when something in {@code config} cannot be used; the message names it
     */
    static ProcessParts of(ProcessConfig config, InstantSource clock, List<Component> components) throws IOException {
        Files.createDirectories(config.stateDir());
        MetricsRegistry registry = new MetricsRegistry();
        ProcessMetrics.register(registry);
        AotCache.ofThisProcess().register(registry);
        Logging.register(registry);
        AccessLog accessLog = new AccessLog(registry, AccessLog.target(config.accessLog()));
        components.add(accessLog);

        ControlChannels channels = new ControlChannels();
        AgentConfig.Control control = config.control();
        ManagedChannel xdsChannel = channels.open(ControlEndpoint.parse(control.xds(), control.rootCert()));
        ManagedChannel caChannel = control.ca().equals(control.xds())
                ? xdsChannel
                : channels.open(ControlEndpoint.parse(control.ca(), control.rootCert()));
        Supplier<String> token = BearerToken.file(control.nodeToken());
        components.add(new Part("control channels", () -> {}, channels::close));

        RotatingCredentialSource credentials = RotatingCredentialSource.create(
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
        return new ProcessParts(
                registry,
                accessLog,
                new MeshTelemetry(registry, accessLog),
                xdsChannel,
                token,
                credentials,
                tls,
                loops(config, registry, components));
    }

    private static MultiThreadIoEventLoopGroup loops(
            ProcessConfig config, MetricsRegistry registry, List<Component> components) throws IOException {
        int count = config.threads() > 0
                ? config.threads()
                : Math.min(MAX_LOOPS, Runtime.getRuntime().availableProcessors());
        MultiThreadIoEventLoopGroup loops = config.transport().loops(count, LoopThreads.factory("loop"));
        String transport = config.transport().transport().label();
        LOG.info("{} event loops by {}", count, transport);
        registry.gauge("culvert_event_loops", "Event loops of the data path", "transport", transport, () -> count);
        components.add(new Part(
                "event loops",
                () -> {},
                () -> loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2_000)));
        return loops;
    }
}
