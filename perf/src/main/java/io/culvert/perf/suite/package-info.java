/**
 * The bench: a cluster with the mesh and its peers side by side, the loads, the rounds that are measured in turn, and the
 * rows to reach.
 */
@NullMarked
package io.culvert.perf.suite;

import org.jspecify.annotations.NullMarked;
