package io.culvert.core.telemetry;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.event.Level;

/**
 * Levels by logger name: the longest prefix that ends at a dot decides. Immutable.
 *
 * <p>Text form: {@code info,io.culvert.core.hbone=debug,io.netty=warn}; the entry without a name is the root's.
 */
record LogLevels(Map<String, Level> byPrefix) {
    LogLevels {
        byPrefix = Map.copyOf(byPrefix);
    }

    /**
     * Reads the text form on top of these levels.
     *
     * @throws IllegalArgumentException naming what is no level
     */
    LogLevels with(String text) {
        Map<String, Level> levels = new TreeMap<>(byPrefix);
        for (String part : text.split(",", -1)) {
            String entry = part.strip();
            if (entry.isEmpty()) {
                continue;
            }
            // ztunnel's form has a colon; both are common.
            int cut = Math.max(entry.indexOf('='), entry.indexOf(':'));
            String name = cut < 0 ? "" : entry.substring(0, cut).strip();
            levels.put(name, level(entry.substring(cut + 1).strip()));
        }
        return new LogLevels(levels);
    }

    Level of(String logger) {
        String prefix = logger;
        while (true) {
            Level level = byPrefix.get(prefix);
            if (level != null) {
                return level;
            }
            if (prefix.isEmpty()) {
                return Level.INFO;
            }
            prefix = prefix.substring(0, Math.max(0, prefix.lastIndexOf('.')));
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(of("").name().toLowerCase(Locale.ROOT));
        new TreeMap<>(byPrefix).forEach((name, level) -> {
            if (!name.isEmpty()) {
                text.append(',').append(name).append('=').append(level.name().toLowerCase(Locale.ROOT));
            }
        });
        return text.toString();
    }

    private static Level level(String name) {
        try {
            return Level.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is not a log level: use error, warn, info, debug or trace, or name=level", e);
        }
    }
}
