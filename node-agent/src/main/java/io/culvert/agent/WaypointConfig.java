package io.culvert.agent;

import io.culvert.core.tls.KeyAgreement;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import io.culvert.waypoint.WaypointSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything that a waypoint is told at its start. Immutable.
 *
 * @param name of its Gateway, which its service bears too
 * @param namespace of its Gateway
 * @param pod name of its pod, whose workload it is
 * @param serviceAccount of its pod
 * @param node name of the node that its pod runs on
 * @param network of its pod; "" is the default one
 * @param stateDir for the last good state; survives restarts
 * @param certTtl lifetime to ask certificates for
 * @param threads event loops; 0: one per processor, at most four
 * @param hbonePort where tunnels come in
 * @param detectWait how long a client may take to show what it speaks on a port without a declared protocol
 * @param maxConnections of clients at once
 * @param drain how long connections may go on after SIGTERM
 * @param accessLog {@code -} for standard output, or a file
 */
record WaypointConfig(
        String name,
        String namespace,
        String pod,
        String serviceAccount,
        String node,
        String network,
        String clusterId,
        String trustDomain,
        String clusterDomain,
        String rootNamespace,
        boolean istioLabels,
        AgentConfig.Control control,
        Path stateDir,
        Duration certTtl,
        int threads,
        TransportChoice transport,
        KeyAgreement keyAgreement,
        int hbonePort,
        Duration detectWait,
        int maxConnections,
        AgentConfig.Ports ports,
        Duration drain,
        String accessLog,
        String logLevel)
        implements ProcessConfig {

    static final List<Option> OPTIONS = List.of(
            Option.required("name", "NAME", "name of the Gateway that this is"),
            Option.required("namespace", "NAME", "its namespace"),
            Option.of("pod", "NAME", "", "name of this pod (default: the Gateway's name)"),
            Option.of("service-account", "NAME", "", "service account of this pod (default: the Gateway's name)"),
            Option.required("node", "NAME", "name of the node that this pod runs on"),
            Option.required("xds", "URL", "control plane: unix:/PATH or https://HOST:PORT"),
            Option.of("ca", "URL", "", "certificate authority (default: the control plane)"),
            Option.of("root-cert", "FILE", "", "root certificates of a control plane that is reached by https"),
            Option.required("node-token", "FILE", "file with the token that proves the node, or this pod on it"),
            Option.required("state-dir", "DIR", "where the last good state is kept"),
            Option.of("network", "NAME", "", "network of this pod"),
            Option.of("cluster-id", "NAME", "Kubernetes", "name of this cluster"),
            Option.of("trust-domain", "NAME", "cluster.local", "SPIFFE trust domain of the mesh"),
            Option.of("cluster-domain", "NAME", "cluster.local", "DNS suffix of services"),
            Option.of("root-namespace", "NAME", "istio-system", "where policies for the whole mesh are"),
            Option.flag("istio-labels", "understand Istio's labels, too"),
            Option.of("cert-ttl", "DURATION", "24h", "lifetime to ask certificates for"),
            Option.of("threads", "N", "0", "event loops (0: one per processor, at most four)"),
            Option.of("transport", "KIND", "auto", "of sockets: auto, epoll or io_uring"),
            Option.of(
                    "key-agreement",
                    "KIND",
                    "hybrid",
                    "of tunnels: hybrid (post-quantum where the peer can) or classical"),
            Option.of("hbone-port", "PORT", "15008", "where tunnels of clients come in"),
            Option.of(
                    "detect-wait",
                    "DURATION",
                    "5s",
                    "how long a client may take to show its protocol where the port declares none; then it is bytes"),
            Option.of(
                    "max-connections",
                    "N",
                    Integer.toString(WaypointSettings.MAX_CONNECTIONS),
                    "connections of clients at once; further ones are refused with 503 and counted"),
            Option.of("admin-port", "PORT", "15000", "admin endpoint, on localhost"),
            Option.of("metrics-port", "PORT", "15020", "metrics"),
            Option.of("ready-port", "PORT", "15021", "readiness"),
            Option.of("drain", "DURATION", "25s", "how long connections may go on after SIGTERM"),
            Option.of("access-log", "FILE", "-", "one JSON line per request or connection; - is standard output"),
            Option.of("log-level", "LEVELS", "info", "as info or info,io.culvert.core.hbone=debug"));

    /**
     * Reads the configuration.
     *
     * @throws UsageException with all faults
     */
    static WaypointConfig read(List<String> arguments, Map<String, String> environment) throws UsageException {
        OptionReader r = new OptionReader(OPTIONS, arguments, environment);
        String name = r.read("name", "", Checks::name);
        WaypointConfig config = new WaypointConfig(
                name,
                r.read("namespace", "", Checks::name),
                r.optionalText("pod") == null ? name : r.read("pod", "", Checks::name),
                r.optionalText("service-account") == null ? name : r.read("service-account", "", Checks::name),
                r.read("node", "", Checks::name),
                r.text("network"),
                r.read("cluster-id", "", Checks::clusterId),
                r.read("trust-domain", "", Checks::trustDomain),
                r.text("cluster-domain"),
                r.text("root-namespace"),
                r.flag("istio-labels"),
                AgentConfig.control(r),
                r.path("state-dir"),
                r.duration("cert-ttl", Duration.ofSeconds(5), Duration.ofDays(90)),
                r.integer("threads", 0, 64),
                r.read("transport", TransportChoice.AUTO, TransportChoice::parse),
                r.read("key-agreement", KeyAgreement.HYBRID, AgentConfig::keyAgreement),
                r.integer("hbone-port", 0, 65535),
                r.duration("detect-wait", Duration.ofMillis(1), Duration.ofMinutes(1)),
                r.integer("max-connections", 1, 1_000_000),
                AgentConfig.ports(r),
                r.duration("drain", Duration.ZERO, Duration.ofHours(24)),
                r.text("access-log"),
                r.read("log-level", "info", Checks::logLevels));
        r.check();
        return config;
    }

    /** The identity of its pod. */
    SpiffeId identity() {
        return SpiffeId.forServiceAccount(new TrustDomain(trustDomain), namespace, serviceAccount);
    }

    /** What holds, by option, for the log and the admin page: the token's file is named, its content never read here. */
    Map<String, String> effective() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("name", name);
        all.put("namespace", namespace);
        all.put("pod", pod);
        all.put("service-account", serviceAccount);
        all.put("node", node);
        all.put("xds", control.xds());
        all.put("ca", control.ca());
        all.put("root-cert", String.valueOf(control.rootCert()));
        all.put("node-token", control.nodeToken() + " (redacted)");
        all.put("state-dir", stateDir.toString());
        all.put("network", network);
        all.put("cluster-id", clusterId);
        all.put("trust-domain", trustDomain);
        all.put("cluster-domain", clusterDomain);
        all.put("root-namespace", rootNamespace);
        all.put("istio-labels", Boolean.toString(istioLabels));
        all.put("cert-ttl", Durations.text(certTtl));
        all.put("threads", Integer.toString(threads));
        all.put("transport", transport.label());
        all.put("key-agreement", keyAgreement.label());
        all.put("hbone-port", Integer.toString(hbonePort));
        all.put("detect-wait", Durations.text(detectWait));
        all.put("max-connections", Integer.toString(maxConnections));
        all.put("admin-port", Integer.toString(ports.admin()));
        all.put("metrics-port", Integer.toString(ports.metrics()));
        all.put("ready-port", Integer.toString(ports.ready()));
        all.put("drain", Durations.text(drain));
        all.put("access-log", accessLog);
        all.put("log-level", logLevel);
        return all;
    }
}
