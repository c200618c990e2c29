package io.culvert.waypoint.tunnel;

/** Told to server codecs as a user event of their channel when the waypoint is about to stop. */
public enum DrainEvent {
    INSTANCE
}
