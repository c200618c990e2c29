package io.culvert.agent;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a controller is told at its start. Immutable.
 *
 * @param config directory of YAML that is watched
 * @param stateDir keys of the CA, status; survives restarts
 * @param unix Unix socket that agents of this machine use; null for none
 * @param tcp where it listens with TLS; null for none
 * @param nodeTokens directory of token files: the name is the node's, the content the token
 * @param adminPort on localhost; 0 is off
 * @param certTtlMax longest lifetime that a certificate gets
 */
record ControllerConfig(
        Path config,
        Path stateDir,
        @Nullable Path unix,
        @Nullable Tcp tcp,
        Path nodeTokens,
        Mesh mesh,
        int adminPort,
        Duration certTtlMax,
        String logLevel) {

    /** The listener with TLS. {@code tlsNames}: names and addresses in its certificate. */
    record Tcp(String host, int port, List<String> tlsNames) {
        Tcp {
            tlsNames = List.copyOf(tlsNames);
            if (tlsNames.isEmpty()) {
                throw new IllegalArgumentException(
                        "--tls-name NAME,... is required with --listen: the names by which agents reach the controller");
            }
        }
    }

    /** What a compilation needs to know of the mesh. */
    record Mesh(
            String trustDomain,
            String clusterId,
            String clusterDomain,
            String rootNamespace,
            String network,
            boolean istioLabels) {}

    static final List<Option> OPTIONS = List.of(
            Option.required("config", "DIR", "directory of Kubernetes and Istio YAML, watched"),
            Option.required("state-dir", "DIR", "where the CA's key and the status are kept"),
            Option.of("unix", "PATH", "", "Unix socket to serve agents of this machine on"),
            Option.of("listen", "HOST:PORT", "", "address to serve agents on with TLS"),
            Option.of("tls-name", "NAME,...", "", "names and addresses in the TLS certificate"),
            Option.required("node-tokens", "DIR", "directory of token files, each named as its node"),
            Option.of("trust-domain", "NAME", "cluster.local", "SPIFFE trust domain of the mesh"),
            Option.of("cluster-id", "NAME", "Kubernetes", "name of this cluster"),
            Option.of("cluster-domain", "NAME", "cluster.local", "DNS suffix of services"),
            Option.of("root-namespace", "NAME", "istio-system", "where policies hold for the whole mesh"),
            Option.of("network", "NAME", "", "network of the pods"),
            Option.flag("istio-labels", "also honour Istio's ambient labels"),
            Option.of("admin-port", "PORT", "0", "status endpoint, on localhost (0: off)"),
            Option.of("cert-ttl-max", "DURATION", "24h", "longest lifetime of a certificate"),
            Option.of("log-level", "LEVELS", "info", "as info or info,io.culvert.controlplane=debug"));

    /**
     * Reads the configuration.
     *
     * @throws UsageException with all faults
     */
    static ControllerConfig read(List<String> arguments, Map<String, String> environment) throws UsageException {
        OptionReader r = new OptionReader(OPTIONS, arguments, environment);
        ControllerConfig config = new ControllerConfig(
                r.path("config"),
                r.path("state-dir"),
                r.optionalText("unix") == null ? null : r.read("unix", Path.of(""), Checks::socketPath),
                tcp(r),
                r.path("node-tokens"),
                new Mesh(
                        r.read("trust-domain", "", Checks::trustDomain),
                        r.read("cluster-id", "", Checks::clusterId),
                        r.read("cluster-domain", "", Checks::name),
                        r.read("root-namespace", "", Checks::name),
                        r.text("network"),
                        r.flag("istio-labels")),
                r.integer("admin-port", 0, 65535),
                r.duration("cert-ttl-max", Duration.ofSeconds(5), Duration.ofDays(365)),
                r.read("log-level", "info", Checks::logLevels));
        if (config.unix() == null && r.optionalText("listen") == null) {
            r.fault("--unix PATH or --listen HOST:PORT is required: nobody could reach the controller");
        }
        r.check();
        return config;
    }

    private static @Nullable Tcp tcp(OptionReader r) {
        String listen = r.optionalText("listen");
        if (listen == null) {
            return null;
        }
        List<String> names = List.of(r.text("tls-name").split(",", -1)).stream()
                .map(String::strip)
                .filter(n -> !n.isEmpty())
                .toList();
        return r.read("listen", new Tcp("", 0, List.of("-")), value -> {
            int colon = value.lastIndexOf(':');
            int port = colon < 0 ? -1 : Checks.port(value.substring(colon + 1));
            if (colon <= 0 || port < 0) {
                throw new IllegalArgumentException("write it as HOST:PORT, such as 0.0.0.0:15010 or [::]:15010");
            }
            String host = value.substring(0, colon);
            if (host.startsWith("[") && host.endsWith("]")) {
                host = host.substring(1, host.length() - 1);
            }
            return new Tcp(host, port, names);
        });
    }
}
