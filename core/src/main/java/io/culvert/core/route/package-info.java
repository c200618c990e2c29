/**
 * The compiled routes that a waypoint executes: one immutable {@link io.culvert.core.route.RouteTable}, made by the
 * compiler of {@code config} from Gateway API, Istio and Linkerd resources and replaced as a whole. Nothing here reads a
 * resource or a socket; nothing here remembers a resource format, except in the names that logs and metrics show.
 */
@NullMarked
package io.culvert.core.route;

import org.jspecify.annotations.NullMarked;
