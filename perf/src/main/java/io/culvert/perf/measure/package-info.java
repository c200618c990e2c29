/** What a round costs, read from /proc, from the agents' safepoint logs and from their own metrics. */
@NullMarked
package io.culvert.perf.measure;

import org.jspecify.annotations.NullMarked;
