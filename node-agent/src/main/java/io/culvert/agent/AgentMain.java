package io.culvert.agent;

import io.culvert.core.lifecycle.Lifecycle;
import io.culvert.core.telemetry.Logging;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code culvert agent}: start, wait, drain. */
final class AgentMain {
    private static final Logger LOG = LoggerFactory.getLogger(AgentMain.class);

    private AgentMain() {}

    static int run(AgentConfig config) {
        Logging.setLevels(config.logLevel());
        LOG.info("culvert agent {} with {}", Version.text(), config.effective());
        AotCache.ofThisProcess().log(LOG);
        return Serving.run(
                "agent", config.drain(), guards -> new Lifecycle(new Agent(config, guards::requestStop).components()));
    }
}
