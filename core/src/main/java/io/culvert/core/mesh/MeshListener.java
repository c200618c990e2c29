package io.culvert.core.mesh;

/** Is told of each change of the mesh state, in order, on the thread that applied it; must not block it. */
@FunctionalInterface
public interface MeshListener {
    /** {@code after} is the store's current state when this is called. */
    void onChanged(MeshState before, MeshState after, MeshDelta delta);
}
