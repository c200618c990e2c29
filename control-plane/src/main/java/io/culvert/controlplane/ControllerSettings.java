package io.culvert.controlplane;

import io.culvert.config.CompilerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a controller needs to know. Immutable.
 *
 * @param configDirectory watched for YAML and JSON
 * @param stateDirectory keys of the CA, reports of agents, status; made when it is not there
 * @param unixSocket for agents of this machine; null for none
 * @param listener with TLS; null for none
 * @param nodeTokens directory of token files, each named as its node
 * @param certTtlMax longest lifetime of a workload's certificate
 */
public record ControllerSettings(
        Path configDirectory,
        Path stateDirectory,
        @Nullable Path unixSocket,
        @Nullable Listener listener,
        Path nodeTokens,
        CompilerSettings compiler,
        Duration certTtlMax) {
    public ControllerSettings {
        if (unixSocket == null && listener == null) {
            throw new IllegalArgumentException(
                    "a controller needs a Unix socket or a TCP listener: nobody could reach it");
        }
    }

    /**
     * A TCP listener with TLS.
     *
     * @param port 0 for any
     * @param names names and addresses in its certificate, by which agents reach it
     */
    public record Listener(String host, int port, List<String> names) {
        public Listener {
            names = List.copyOf(names);
        }
    }
}
