package io.culvert.agent;

import io.culvert.core.tls.KeyAgreement;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that an agent is told at its start. Immutable.
 *
 * @param node name of the node, as the control plane knows it
 * @param network network of the node; "" is the default one
 * @param stateDir for the last good state; survives restarts
 * @param certTtl lifetime to ask certificates for
 * @param threads event loops; 0: one per processor, at most four
 * @param transport of the data path's sockets
 * @param forceTunnel no same-node short cut
 * @param keyAgreement of tunnels
 * @param drain how long connections may go on after SIGTERM
 * @param accessLog {@code -} for standard output, or a file
 */
record AgentConfig(
        String node,
        String network,
        String clusterId,
        String trustDomain,
        Control control,
        Path stateDir,
        Path cniSocket,
        Duration certTtl,
        int threads,
        TransportChoice transport,
        boolean forceTunnel,
        KeyAgreement keyAgreement,
        Rules rules,
        Ports ports,
        Duration drain,
        String accessLog,
        String logLevel)
        implements ProcessConfig {

    /**
     * Where the control plane is.
     *
     * @param xds {@code unix:/PATH} or {@code https://HOST:PORT}
     * @param ca the same for certificates
     * @param rootCert what a TLS control plane is verified with; null for Unix sockets
     * @param nodeToken file with the token that proves this node; read for each call
     */
    record Control(String xds, String ca, @Nullable Path rootCert, Path nodeToken) {
        Control {
            if (rootCert == null && (xds.startsWith("https:") || ca.startsWith("https:"))) {
                throw new IllegalArgumentException(
                        "--root-cert FILE is required with an https:// control plane: the mesh root, root-cert.pem in"
                                + " the controller's state directory");
            }
        }
    }

    /** Ports of the agent itself, in its own network namespace; 0 takes a free one. */
    record Ports(int admin, int metrics, int ready) {
        Ports {
            if ((admin != 0 && (admin == metrics || admin == ready)) || (metrics != 0 && metrics == ready)) {
                throw new IllegalArgumentException("--admin-port, --metrics-port and --ready-port must differ: " + admin
                        + ", " + metrics + ", " + ready);
            }
        }
    }

    /** Which tool writes the redirect rules. */
    enum Rules {
        AUTO("auto"),
        NFT("nft"),
        IPTABLES_NFT("iptables-nft"),
        IPTABLES_LEGACY("iptables-legacy");

        private final String label;

        Rules(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    static final int ADMIN_PORT = 15000;
    static final int METRICS_PORT = 15020;
    static final int READY_PORT = 15021;

    static final List<Option> OPTIONS = List.of(
            Option.required("node", "NAME", "name of this node"),
            Option.required("xds", "URL", "control plane: unix:/PATH or https://HOST:PORT"),
            Option.of("ca", "URL", "", "certificate authority (default: the control plane)"),
            Option.of("root-cert", "FILE", "", "root certificates of a control plane that is reached by https"),
            Option.required("node-token", "FILE", "file with the token that proves this node"),
            Option.required("state-dir", "DIR", "where the last good state is kept"),
            Option.required("cni-socket", "PATH", "Unix socket on which pods are announced"),
            Option.of("network", "NAME", "", "network of this node"),
            Option.of("cluster-id", "NAME", "Kubernetes", "name of this cluster"),
            Option.of("trust-domain", "NAME", "cluster.local", "SPIFFE trust domain of the mesh"),
            Option.of("cert-ttl", "DURATION", "24h", "lifetime to ask certificates for"),
            Option.of("threads", "N", "0", "event loops (0: one per processor, at most four)"),
            Option.of(
                    "transport",
                    "KIND",
                    "auto",
                    "how sockets talk to the kernel: auto (which is epoll), epoll or io_uring"),
            Option.flag("force-tunnel", "always use the tunnel, also between pods of this node"),
            Option.of(
                    "key-agreement",
                    "KIND",
                    "hybrid",
                    "of tunnels: hybrid (post-quantum where the peer can) or classical"),
            Option.of("rules", "KIND", "auto", "redirect rules by auto, nft, iptables-nft or iptables-legacy"),
            Option.of("admin-port", "PORT", "15000", "admin endpoint, on localhost"),
            Option.of("metrics-port", "PORT", "15020", "metrics"),
            Option.of("ready-port", "PORT", "15021", "readiness"),
            Option.of("drain", "DURATION", "25s", "how long connections may go on after SIGTERM"),
            Option.of("access-log", "FILE", "-", "one JSON line per connection; - is standard output"),
            Option.of("log-level", "LEVELS", "info", "as info or info,io.culvert.core.hbone=debug"));

    /**
     * Reads the configuration.
     *
     * @throws UsageException with all faults
     */
    static AgentConfig read(List<String> arguments, Map<String, String> environment) throws UsageException {
        OptionReader r = new OptionReader(OPTIONS, arguments, environment);
        AgentConfig config = new AgentConfig(
                r.read("node", "", Checks::name),
                r.text("network"),
                r.read("cluster-id", "", Checks::clusterId),
                r.read("trust-domain", "", Checks::trustDomain),
                control(r),
                r.path("state-dir"),
                r.read("cni-socket", Path.of(""), Checks::socketPath),
                r.duration("cert-ttl", Duration.ofSeconds(5), Duration.ofDays(90)),
                r.integer("threads", 0, 64),
                r.read("transport", TransportChoice.AUTO, TransportChoice::parse),
                r.flag("force-tunnel"),
                r.read("key-agreement", KeyAgreement.HYBRID, AgentConfig::keyAgreement),
                r.read("rules", Rules.AUTO, AgentConfig::rules),
                ports(r),
                r.duration("drain", Duration.ZERO, Duration.ofHours(24)),
                r.text("access-log"),
                r.read("log-level", "info", Checks::logLevels));
        r.check();
        return config;
    }

    /** What holds, by option, for the log and the admin page: the token's file is named, its content never read here. */
    Map<String, String> effective() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("node", node);
        all.put("xds", control.xds());
        all.put("ca", control.ca());
        all.put("root-cert", String.valueOf(control.rootCert()));
        all.put("node-token", control.nodeToken() + " (redacted)");
        all.put("state-dir", stateDir.toString());
        all.put("cni-socket", cniSocket.toString());
        all.put("network", network);
        all.put("cluster-id", clusterId);
        all.put("trust-domain", trustDomain);
        all.put("cert-ttl", Durations.text(certTtl));
        all.put("threads", Integer.toString(threads));
        all.put("transport", transport.label());
        all.put("force-tunnel", Boolean.toString(forceTunnel));
        all.put("key-agreement", keyAgreement.label());
        all.put("rules", rules.label());
        all.put("admin-port", Integer.toString(ports.admin()));
        all.put("metrics-port", Integer.toString(ports.metrics()));
        all.put("ready-port", Integer.toString(ports.ready()));
        all.put("drain", Durations.text(drain));
        all.put("access-log", accessLog);
        all.put("log-level", logLevel);
        return all;
    }

    static Control control(OptionReader r) {
        String xds = r.read("xds", "unix:/", Checks::controlUrl);
        String ca = r.optionalText("ca") == null ? xds : r.read("ca", xds, Checks::controlUrl);
        Path rootCert = r.optionalPath("root-cert");
        Path token = r.path("node-token");
        try {
            return new Control(xds, ca, rootCert, token);
        } catch (IllegalArgumentException e) {
            r.fault(String.valueOf(e.getMessage()));
            return new Control("unix:/", "unix:/", null, token);
        }
    }

    static Ports ports(OptionReader r) {
        int admin = r.integer("admin-port", 0, 65535);
        int metrics = r.integer("metrics-port", 0, 65535);
        int ready = r.integer("ready-port", 0, 65535);
        try {
            return new Ports(admin, metrics, ready);
        } catch (IllegalArgumentException e) {
            r.fault(String.valueOf(e.getMessage()));
            return new Ports(0, 0, 0);
        }
    }

    static KeyAgreement keyAgreement(String value) {
        for (KeyAgreement kind : KeyAgreement.values()) {
            if (kind.label().equals(value)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("use hybrid or classical");
    }

    private static Rules rules(String value) {
        for (Rules rules : Rules.values()) {
            if (rules.label().equals(value)) {
                return rules;
            }
        }
        throw new IllegalArgumentException("use auto, nft, iptables-nft or iptables-legacy");
    }
}
