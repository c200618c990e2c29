/**
 * JMH benchmarks of what a connection, a record or a change passes through, with what they allocate. {@link JmhMain}
 * runs them; the last committed run stands in {@code perf/results}.
 */
@NullMarked
package io.culvert.perf.jmh;

import org.jspecify.annotations.NullMarked;
