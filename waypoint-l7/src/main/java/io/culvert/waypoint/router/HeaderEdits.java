package io.culvert.waypoint.router;

import io.culvert.core.route.HeaderChanges;
import io.culvert.waypoint.http.Fields;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Header fields as they pass the proxy: what only proxies may say is taken off, and a rule's changes are made. Framing and
 * hop-by-hop fields are the codecs': a rule cannot set them.
 */
final class HeaderEdits {
    static final String ATTEMPT_COUNT = "x-envoy-attempt-count";

    private HeaderEdits() {}

    /** The client's fields without those by which proxies talk to each other and without certificates' details. */
    static Fields fromClient(Fields fields) {
        Fields kept = new Fields();
        for (int i = 0; i < fields.size(); i++) {
            String name = fields.name(i);
            if (!isInternal(name)) {
                kept.add(name, fields.value(i));
            }
        }
        return kept;
    }

    private static boolean isInternal(String name) {
        return name.startsWith("x-")
                && (name.startsWith("x-envoy-")
                        || name.equals("x-forwarded-client-cert")
                        || name.equals("x-istio-attributes"));
    }

    /** How often a proxy before us has tried this request; 1 when none says so. */
    static int attemptCount(Fields fields) {
        String value = fields.get(ATTEMPT_COUNT);
        if (value == null || value.isEmpty() || value.length() > 4) {
            return 1;
        }
        int count = 0;
        for (int i = 0; i < value.length(); i++) {
            int digit = value.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 1;
            }
            count = count * 10 + digit;
        }
        return Math.max(1, count);
    }

    /** Removes, sets, adds. */
    static void apply(HeaderChanges changes, Fields fields) {
        if (changes.isEmpty()) {
            return;
        }
        List<String> remove = changes.remove();
        for (int i = 0; i < remove.size(); i++) {
            fields.remove(remove.get(i));
        }
        for (Map.Entry<String, String> set : changes.set().entrySet()) {
            if (isFree(set.getKey())) {
                fields.set(set.getKey(), set.getValue());
            }
        }
        for (Map.Entry<String, String> add : changes.add().entrySet()) {
            if (isFree(add.getKey())) {
                fields.add(add.getKey(), add.getValue());
            }
        }
    }

    /** The authority that the changes ask for; null when they do not. */
    static @Nullable String authority(HeaderChanges changes) {
        if (changes.set().isEmpty()) {
            return null;
        }
        String host = changes.set().get("host");
        return host != null ? host : changes.set().get(":authority");
    }

    private static boolean isFree(String name) {
        return switch (name) {
            case "host",
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "upgrade",
                    "te",
                    "keep-alive",
                    "proxy-connection" -> false;
            default -> !name.startsWith(":");
        };
    }
}
