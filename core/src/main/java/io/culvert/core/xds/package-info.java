/**
 * The way of mesh state to a node: a delta xDS client that turns a stream into {@link io.culvert.core.mesh.MeshState},
 * keeps the last good state on disk, and the channels to the control plane. Everything here runs on virtual threads and
 * on one small event loop of its own, never on a loop of the data path.
 */
@NullMarked
package io.culvert.core.xds;

import org.jspecify.annotations.NullMarked;
