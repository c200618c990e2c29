/**
 * The bytes inside a tunnel as a Netty channel, and the way to an endpoint: HBONE to its agent, or plain.
 */
@NullMarked
package io.culvert.waypoint.tunnel;

import org.jspecify.annotations.NullMarked;
