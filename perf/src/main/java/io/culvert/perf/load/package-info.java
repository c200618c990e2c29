/**
 * The load client and its server: open loop at a constant rate, latency counted from the intended send time, the
 * sender's own lateness and an idle sleeper's recorded beside it.
 */
@NullMarked
package io.culvert.perf.load;

import org.jspecify.annotations.NullMarked;
