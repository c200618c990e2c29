package io.culvert.waypoint;

import java.time.Instant;

/**
 * A connection of a client that is open at one moment, for people. Immutable.
 *
 * @param protocol {@code http1}, {@code http2}, {@code tcp} for bytes, of TLS too, or {@code unknown} while its first
 *     bytes have not said it
 * @param since when its CONNECT came
 */
public record WaypointConnection(Client client, String protocol, Instant since) {}
