/**
 * What a large mesh costs one agent: the time to take over all of it, its memory, a single change, the pauses. The
 * measured process runs with the agent's flags and takes the state as an agent does, from another process over delta
 * xDS; the resources are made by arithmetic, so that two runs are of the same mesh.
 */
@NullMarked
package io.culvert.perf.scale;

import org.jspecify.annotations.NullMarked;
