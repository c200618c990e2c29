/**
 * The mesh as a node proxy sees it: workloads, services and authorizations in one immutable {@link
 * io.culvert.core.mesh.MeshState}, the lookups on it, and the compiled policies. One writer replaces the state through
 * {@link io.culvert.core.mesh.MeshStore}; everybody else reads one volatile reference. Snapshots share what did not
 * change. What cannot be understood denies.
 */
@NullMarked
package io.culvert.core.mesh;

import org.jspecify.annotations.NullMarked;
