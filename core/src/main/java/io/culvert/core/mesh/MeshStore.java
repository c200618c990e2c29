package io.culvert.core.mesh;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds the current state. Any thread may read; changes are applied one after the other. */
public final class MeshStore {
    private static final Logger LOG = LoggerFactory.getLogger(MeshStore.class);

    private volatile MeshState current = MeshState.EMPTY;
    private final List<MeshListener> listeners = new CopyOnWriteArrayList<>();
    /** The next state while it is made; null when nothing is staged. Guarded by this. */
    private @Nullable MeshEditor staging;

    /** The latest state: one volatile read. */
    public MeshState current() {
        return current;
    }

    /**
     * Applies a batch, after what is staged, and tells the listeners, on the calling thread, before it returns. Nothing is
     * told when nothing changed.
     *
     * @return what changed
     */
    @CanIgnoreReturnValue
    public synchronized MeshDelta apply(MeshUpdate update) {
        stage(update);
        return publish();
    }

    /**
     * Works a part of a batch into the next state, which nobody sees before {@link #publish}: the parts of a large mesh
     * need not be kept until the last of them has come. Later parts count.
     */
    public synchronized void stage(MeshUpdate update) {
        MeshEditor editor = staging;
        if (editor == null) {
            editor = new MeshEditor(current);
            staging = editor;
        }
        editor.apply(update);
    }

    /** Shows what was staged, all of it in one step, as {@link #apply} does. */
    @CanIgnoreReturnValue
    public synchronized MeshDelta publish() {
        MeshEditor editor = staging;
        if (editor == null) {
            return MeshDelta.NONE;
        }
        staging = null;
        MeshDelta delta = editor.delta();
        if (delta.isEmpty()) {
            return delta;
        }
        MeshState before = current;
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
