/**
 * HTTP/1.1 towards clients and apps, on top of Netty's codec: what that lets through and RFC 9112 does not is refused
 * here, and messages are written anew, never copied.
 */
@NullMarked
package io.culvert.waypoint.h1;

import org.jspecify.annotations.NullMarked;
