/** Benchmarks: topologies from the lab, load from {@code load}, reports. */
@NullMarked
package io.culvert.perf;

import org.jspecify.annotations.NullMarked;
