package io.culvert.core.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a request ends up. Immutable. */
public sealed interface HttpAction {
    /**
     * To one of several backends, chosen per request by weight. Zero total weight, or none at all, is answered with 500
     * (Gateway API, HTTPRoute backendRefs).
     */
    record Forward(List<WeightedBackend> backends) implements HttpAction {
        public Forward {
            backends = List.copyOf(backends);
        }
    }

    /**
     * Answered with a Location, built from the request where a part is null.
     *
     * @param port explicit port; 0: by {@code portFrom}
     * @param path how the path changes; null: it stays
     * @param code 301, 302, 303, 307 or 308
     */
    record Redirect(
            @Nullable String scheme,
            @Nullable String hostname,
            int port,
            PortFrom portFrom,
            @Nullable PathChange path,
            int code)
            implements HttpAction {}

    /** The port of a redirect that names none. Well-known ports are left out of the Location. */
    enum PortFrom {
        /** The well-known port of the Location's scheme when the redirect names a scheme, else the listener's. */
        LISTENER_OR_SCHEME,
        /** The well-known port of the Location's scheme. */
        SCHEME,
        /** The port of the request's authority. */
        REQUEST
    }

    /** Answered here. {@code body} is sent as it is. */
    record DirectResponse(int status, byte[] body) implements HttpAction {
        public DirectResponse {
            body = body.clone();
        }
    }
}
