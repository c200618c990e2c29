package io.culvert.core.route;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Sends the requests of a session to one endpoint, named in a value that the proxy gives out itself (Gateway API
 * sessionPersistence). Immutable.
 *
 * @param cookie whether it is a cookie, else a header field
 * @param name of the cookie or field
 * @param lifetime null: a session cookie
 */
public record SessionAffinity(
        boolean cookie, String name, String path, @Nullable Duration lifetime) {}
