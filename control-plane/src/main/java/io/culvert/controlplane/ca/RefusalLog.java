package io.culvert.controlplane.ca;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs refused certificates, the same refusal once a minute at most: agents ask again. Any thread. */
final class RefusalLog {
    private static final Logger log = LoggerFactory.getLogger(RefusalLog.class);
    private static final Duration QUIET = Duration.ofMinutes(1);
    private static final int REMEMBERED = 1024;

    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Instant> logged = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
            return size() > REMEMBERED;
        }
    };

    RefusalLog(InstantSource clock) {
        this.clock = clock;
    }

    void refused(String node, String identity, String reason) {
        if (isNews(node + ' ' + identity + ' ' + reason)) {
            log.warn("Refused node {} a certificate for {}: {}", node, identity, reason);
        }
    }

    private boolean isNews(String key) {
        Instant now = clock.instant();
        lock.lock();
        try {
            Instant last = logged.get(key);
            if (last != null && now.isBefore(last.plus(QUIET))) {
                return false;
            }
            logged.put(key, now);
            return true;
        } finally {
            lock.unlock();
        }
    }
}
