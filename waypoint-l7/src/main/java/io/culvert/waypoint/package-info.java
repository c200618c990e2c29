/**
 * The service proxy. It ends the HBONE tunnels of a service's clients, and hands what is inside to the protocol that the
 * service speaks: HTTP requests to the router, everything else to a relay. The service is what the CONNECT names.
 */
@NullMarked
package io.culvert.waypoint;

import org.jspecify.annotations.NullMarked;
