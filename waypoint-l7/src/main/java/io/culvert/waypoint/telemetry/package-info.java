/**
 * What is counted and logged of a request, once, when it ends.
 */
@NullMarked
package io.culvert.waypoint.telemetry;

import org.jspecify.annotations.NullMarked;
