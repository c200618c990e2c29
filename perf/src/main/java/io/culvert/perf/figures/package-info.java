/** Figures that are no suite of the bench, each measured in a lab of its own and held against its target. */
@NullMarked
package io.culvert.perf.figures;

import org.jspecify.annotations.NullMarked;
