package io.culvert.agent;

import io.culvert.core.lifecycle.Lifecycle;
import io.culvert.core.telemetry.Logging;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code culvert waypoint}: start, wait, drain. */
final class WaypointMain {
    private static final Logger LOG = LoggerFactory.getLogger(WaypointMain.class);

    private WaypointMain() {}

    static int run(WaypointConfig config) {
        Logging.setLevels(config.logLevel());
        LOG.info("culvert waypoint {} with {}", Version.text(), config.effective());
        AotCache.ofThisProcess().log(LOG);
        return Serving.run(
                "waypoint",
                config.drain(),
                guards -> new Lifecycle(new Waypoint(config, guards::requestStop).components()));
    }
}
