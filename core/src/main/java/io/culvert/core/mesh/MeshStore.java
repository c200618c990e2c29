package io.culvert.core.mesh;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds the current state. Any thread may read; changes are applied one after the other. */
public final class MeshStore {
    private static final Logger LOG = LoggerFactory.getLogger(MeshStore.class);

    private volatile MeshState current = MeshState.EMPTY;
    private final List<MeshListener> listeners = new CopyOnWriteArrayList<>();

    /** The latest state: one volatile read. */
    public MeshState current() {
        return current;
    }

    /**
     * Applies a batch and tells the listeners, on the calling thread, before it returns. Nothing is told when nothing
     * changed.
     *
     * @return what changed
     */
    @CanIgnoreReturnValue
    public synchronized MeshDelta apply(MeshUpdate update) {
        MeshState before = current;
        MeshEditor editor = new MeshEditor(before);
        editor.apply(update);
        MeshDelta delta = editor.delta();
        if (delta.isEmpty()) {
            return delta;
        }
        MeshState after = editor.state();
        current = after;
        for (MeshListener listener : listeners) {
            tell(listener, before, after, delta);
        }
        return delta;
    }

    private static void tell(MeshListener listener, MeshState before, MeshState after, MeshDelta delta) {
        try {
            listener.onChanged(before, after, delta);
        } catch (RuntimeException e) {
            // One part's fault must not keep the others, or the stream, from the state.
            LOG.error("a listener of the mesh state failed; it may have missed a change", e);
        }
    }

    /** Adds a listener for changes from now on. */
    public void addListener(MeshListener listener) {
        listeners.add(listener);
    }

    /** Removes a listener. */
    public void removeListener(MeshListener listener) {
        listeners.remove(listener);
    }
}
