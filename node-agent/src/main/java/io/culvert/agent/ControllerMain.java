package io.culvert.agent;

import io.culvert.core.telemetry.Logging;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code culvert controller}. */
final class ControllerMain {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerMain.class);

    private ControllerMain() {}

    static int run(ControllerConfig config) {
        Logging.setLevels(config.logLevel());
        LOG.info("controller {} for {}", Version.text(), config.config());
        return 0;
    }
}
