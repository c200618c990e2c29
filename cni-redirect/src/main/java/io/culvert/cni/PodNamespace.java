package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/**
 * The network namespace of one pod: opened once and held, compared with what its path names now. Owned by: the pod's
 * step; {@link #attachment} any thread.
 */
final class PodNamespace {
    /** What a look at the path found. */
    enum Look {
        STANDS,
        /** Another namespace, with the pod's address if it is held open; it is the pod's now. */
        REPLACED,
        /** Missing in several looks: runtimes may remount, but not for long. */
        GONE
    }

    private static final int MISSING_LIMIT = 3;

    private final PodNamespaces namespaces;
    private volatile Attachment attachment;
    private @Nullable NetworkNamespace open;
    private @Nullable NetworkNamespace superseded;
    private int missing;

    PodNamespace(PodNamespaces namespaces, Attachment attachment) {
        this.namespaces = namespaces;
        this.attachment = attachment;
    }

    Attachment attachment() {
        return attachment;
    }

    /** The namespace, opened if it was not: the one that was announced, and with the pod's address. */
    NetworkNamespace open() throws CaptureException {
        NetworkNamespace current = open;
        if (current == null) {
            current = open(attachment);
            open = current;
        }
        return current;
    }

    Look look() throws CaptureException {
        NetworkNamespace.Id found;
        try {
            found = NetworkNamespace.idOf(attachment.netns());
            missing = 0;
        } catch (NoSuchFileException e) {
            return ++missing >= MISSING_LIMIT ? Look.GONE : Look.STANDS;
        } catch (IOException e) {
            throw new CaptureException("cannot look at namespace " + attachment.netns() + ": " + e.getMessage(), e);
        }
        if (found.equals(attachment.id())) {
            return Look.STANDS;
        }
        Attachment moved = attachment.in(found);
        if (open != null) {
            NetworkNamespace fresh = open(moved);
            closeSuperseded();
            superseded = open;
            open = fresh;
        }
        attachment = moved;
        return Look.REPLACED;
    }

    /** Closes the namespace that was replaced: the proxy has left it. */
    void closeSuperseded() {
        if (superseded != null) {
            superseded.close();
            superseded = null;
        }
    }

    void close() {
        closeSuperseded();
        if (open != null) {
            open.close();
            open = null;
        }
    }

    private NetworkNamespace open(Attachment at) throws CaptureException {
        NetworkNamespace fresh;
        try {
            fresh = NetworkNamespace.open(at.netns());
        } catch (IOException e) {
            throw new CaptureException(String.valueOf(e.getMessage()), e);
        }
        boolean ours = false;
        try {
            if (!fresh.id().equals(at.id())) {
                throw new CaptureException("namespace " + at.netns() + " was replaced while it was opened");
            }
            if (!namespaces.carries(fresh, at.addresses())) {
                throw new CaptureException("namespace " + at.netns() + " carries none of the addresses "
                        + at.addresses() + " of the pod: it is another's");
            }
            ours = true;
            return fresh;
        } finally {
            if (!ours) {
                fresh.close();
            }
        }
    }
}
