/** The figures of the first end of the product, each measured in a lab of its own and held against its target. */
@NullMarked
package io.culvert.perf.figures;

import org.jspecify.annotations.NullMarked;
