package io.culvert.waypoint.h2;

/** What one connection holds of bodies, and what that means for its streams. Owned by the connection's loop. */
final class BodyBytes {
    /** Where all streams together hold too much, each may still queue this share of what it may else. */
    private static final int SHARE = 8;

    private final H2Settings settings;
    private final HeldBytes all;
    private final int exhaustedFrom;
    private int unread;
    private int queued;

    BodyBytes(H2Settings settings, HeldBytes all) {
        this.settings = settings;
        this.all = all;
        this.exhaustedFrom = (int) (settings.connectionWindow() * (double) StreamCredit.RATIO);
    }

    /** So many bytes were handed to the inside. */
    void received(int bytes) {
        boolean before = unread >= exhaustedFrom;
        unread += bytes;
        all.unread(bytes);
        if (!before && unread >= exhaustedFrom) {
            all.exhausted();
        }
    }

    /** The inside has no use for so many of them any more. */
    void returned(int bytes) {
        unread -= bytes;
        all.unread(-bytes);
    }

    void queued(int bytes) {
        queued += bytes;
        all.queued(bytes);
    }

    /** So many of the queued bytes were sent or dropped. */
    void left(int bytes) {
        queued -= bytes;
        all.queued(-bytes);
    }

    /** How much a stream may queue before writing to it is unwelcome; never 0, so that one with nothing queued goes on. */
    int roomForEach() {
        return queued < settings.maxQueuedAll() ? settings.maxQueued() : smallRoom(settings.maxQueued());
    }

    static int smallRoom(int maxQueued) {
        return Math.max(1, maxQueued / SHARE);
    }
}
