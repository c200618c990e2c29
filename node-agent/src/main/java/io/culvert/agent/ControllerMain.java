package io.culvert.agent;

import io.culvert.agent.HttpEndpoint.Reply;
import io.culvert.config.CompilerSettings;
import io.culvert.controlplane.Controller;
import io.culvert.controlplane.ControllerSettings;
import io.culvert.core.lifecycle.Component;
import io.culvert.core.lifecycle.Lifecycle;
import io.culvert.core.telemetry.Logging;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code culvert controller}. */
final class ControllerMain {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerMain.class);
    /** Agents find the next controller by themselves; there is nothing long to wait for. */
    private static final Duration DRAIN = Duration.ofSeconds(1);

    private ControllerMain() {}

    static int run(ControllerConfig config) {
        Logging.setLevels(config.logLevel());
        LOG.info("culvert controller {} with {}", Version.text(), config);
        AotCache.ofThisProcess().log(LOG);
        return Serving.run("controller", DRAIN, _ -> new Lifecycle(components(config)));
    }

    private static List<Component> components(ControllerConfig config) {
        Controller controller = new Controller(settings(config), InstantSource.system());
        List<Component> components = new ArrayList<>();
        components.add(controller);
        if (config.adminPort() != 0) {
            components.add(new HttpEndpoint(
                    "controller status",
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), config.adminPort()),
                    pages(controller)));
        }
        return components;
    }

    private static Map<String, HttpEndpoint.Route> pages(Controller controller) {
        return Map.of(
                "/",
                _ -> Reply.text(200, "Culvert controller " + Version.text() + "\n\nGET /status\nGET /logging\n"),
                "/status",
                _ -> Reply.json(out -> out.write(controller.statusJson().getBytes(StandardCharsets.UTF_8))),
                "/logging",
                AdminPages::logging);
    }

    static ControllerSettings settings(ControllerConfig config) {
        ControllerConfig.Mesh mesh = config.mesh();
        ControllerConfig.Tcp tcp = config.tcp();
        return new ControllerSettings(
                config.config(),
                config.stateDir(),
                config.unix(),
                tcp == null ? null : new ControllerSettings.Listener(tcp.host(), tcp.port(), tcp.tlsNames()),
                config.nodeTokens(),
                new CompilerSettings(
                        mesh.trustDomain(),
                        mesh.clusterId(),
                        mesh.clusterDomain(),
                        mesh.rootNamespace(),
                        mesh.network(),
                        mesh.istioLabels()),
                config.certTtlMax());
    }
}
