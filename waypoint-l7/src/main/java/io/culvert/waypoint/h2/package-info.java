/**
 * HTTP/2 towards clients and apps, on top of Netty's codec without its child channels, with budgets against floods.
 */
@NullMarked
package io.culvert.waypoint.h2;

import org.jspecify.annotations.NullMarked;
