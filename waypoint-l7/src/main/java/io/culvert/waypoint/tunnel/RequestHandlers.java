package io.culvert.waypoint.tunnel;

import io.culvert.waypoint.Client;
import io.culvert.waypoint.http.RequestHandler;

/** Makes what takes the requests of one client connection: the router. On the connection's loop. */
@FunctionalInterface
public interface RequestHandlers {
    /** The handler of the requests that {@code client} sends on one connection. */
    RequestHandler of(Client client);
}
