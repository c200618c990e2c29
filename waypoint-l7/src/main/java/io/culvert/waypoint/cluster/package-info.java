/**
 * Destinations with their traffic policy: which endpoint, over which connection, within which limits, and who is
 * ejected.
 */
@NullMarked
package io.culvert.waypoint.cluster;

import org.jspecify.annotations.NullMarked;
