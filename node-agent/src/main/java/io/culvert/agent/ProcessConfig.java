package io.culvert.agent;

import io.culvert.core.tls.KeyAgreement;
import java.nio.file.Path;
import java.time.Duration;

/** What agent and waypoint are told alike. */
interface ProcessConfig {
    String clusterId();

    AgentConfig.Control control();

    /** For the last good state; survives restarts. */
    Path stateDir();

    /** Lifetime to ask certificates for. */
    Duration certTtl();

    /** Event loops; 0: one per processor, at most four. */
    int threads();

    TransportChoice transport();

    /** Of tunnels. */
    KeyAgreement keyAgreement();

    /** {@code -} for standard output, or a file. */
    String accessLog();
}
