package io.culvert.agent;

import io.culvert.core.telemetry.Logging;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code culvert agent}. */
final class AgentMain {
    private static final Logger LOG = LoggerFactory.getLogger(AgentMain.class);

    private AgentMain() {}

    static int run(AgentConfig config) {
        Logging.setLevels(config.logLevel());
        LOG.info("agent {}", Version.text());
        return 0;
    }
}
