package io.culvert.waypoint.router;

import io.culvert.core.route.Cors;
import io.culvert.core.route.StringMatch;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The CORS protocol of the Fetch standard, on the server's side. */
final class CorsRules {
    private static final String ALLOW_ORIGIN = "access-control-allow-origin";

    private CorsRules() {}

    /** Whether the request asks for leave rather than for the resource. */
    static boolean isPreflight(RequestHead request) {
        return request.method().equals("OPTIONS")
                && request.fields().contains("origin")
                && request.fields().contains("access-control-request-method");
    }

    /** The request's origin if it is allowed, else null. */
    static @Nullable String allowedOrigin(Cors cors, RequestHead request) {
        String origin = request.fields().get("origin");
        if (origin == null) {
            return null;
        }
        for (StringMatch allowed : cors.allowOrigins()) {
            if (isAny(allowed) || allowed.matches(origin)) {
                return origin;
            }
        }
        return null;
    }

    /** The fields of the answer to a preflight of an allowed origin. */
    static void answer(Cors cors, String origin, RequestHead request, Fields response) {
        allow(cors, origin, response);
        list(
                "access-control-allow-methods",
                cors.allowMethods(),
                cors.allowCredentials() ? request.fields().get("access-control-request-method") : null,
                response);
        list(
                "access-control-allow-headers",
                cors.allowHeaders(),
                cors.allowCredentials() ? request.fields().joined("access-control-request-headers") : null,
                response);
        if (cors.maxAge() != null) {
            response.set("access-control-max-age", Long.toString(cors.maxAge().toSeconds()));
        }
        // Browsers do not read it here; Gateway API's conformance does.
        expose(cors, response);
    }

    /** Tells the client's browser that this origin may see the response. */
    static void allow(Cors cors, String origin, Fields response) {
        boolean any = !cors.allowCredentials() && cors.allowOrigins().stream().anyMatch(CorsRules::isAny);
        response.set(ALLOW_ORIGIN, any ? "*" : origin);
        if (!any) {
            response.add("vary", "Origin");
        }
        if (cors.allowCredentials()) {
            response.set("access-control-allow-credentials", "true");
        }
    }

    /** Which fields of the response scripts may read. */
    static void expose(Cors cors, Fields response) {
        list("access-control-expose-headers", cors.exposeHeaders(), null, response);
    }

    private static boolean isAny(StringMatch match) {
        return match instanceof StringMatch.Present
                || (match instanceof StringMatch.Exact exact && exact.text().equals("*"));
    }

    /** With credentials a star would be taken literally: what was asked for is allowed by name. */
    private static void list(String name, List<String> values, @Nullable String asked, Fields response) {
        if (values.isEmpty()) {
            return;
        }
        if (asked != null && values.contains("*")) {
            response.set(name, asked);
        } else {
            response.set(name, String.join(", ", values));
        }
    }
}
