package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** What the peer announced by SETTINGS (RFC 9113, section 6.5.2), with the protocol's defaults until then. */
final class PeerSettings {
    /** A peer that sends more in one frame is not configuring anything. */
    private static final int MAX_ENTRIES = 64;

    /** Why a SETTINGS frame is a connection error. */
    record Invalid(H2Error error, String detail) {}

    long headerTableSize = 4096;
    long maxConcurrentStreams = Long.MAX_VALUE;
    int initialWindow = Frames.DEFAULT_WINDOW;
    int maxFrame = Frames.DEFAULT_MAX_FRAME;

    private final int mostPush;

    /** @param server whether the peer is a server, which may not offer what only a client may allow (section 6.5.2) */
    PeerSettings(boolean server) {
        mostPush = server ? 0 : 1;
    }

    /** Takes over the values in {@code payload}, in their order; null when all are allowed. */
    @Nullable
    Invalid apply(ByteBuf payload) {
        if (payload.readableBytes() > MAX_ENTRIES * Frames.SETTING_LENGTH) {
            return new Invalid(
                    H2Error.ENHANCE_YOUR_CALM,
                    "SETTINGS with " + payload.readableBytes() / Frames.SETTING_LENGTH + " entries");
        }
        while (payload.isReadable()) {
            int id = payload.readUnsignedShort();
            long value = payload.readUnsignedInt();
            Invalid invalid = apply(id, value);
            if (invalid != null) {
                return invalid;
            }
        }
        return null;
    }

    private @Nullable Invalid apply(int id, long value) {
        switch (id) {
            case Frames.SETTINGS_HEADER_TABLE_SIZE -> headerTableSize = value;
            case Frames.SETTINGS_ENABLE_PUSH -> {
                if (value > mostPush) {
                    return new Invalid(H2Error.PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH " + value);
                }
            }
            case Frames.SETTINGS_MAX_CONCURRENT_STREAMS -> maxConcurrentStreams = value;
            case Frames.SETTINGS_INITIAL_WINDOW_SIZE -> {
                if (value > Integer.MAX_VALUE) {
                    return new Invalid(H2Error.FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE " + value);
                }
                initialWindow = (int) value;
            }
            case Frames.SETTINGS_MAX_FRAME_SIZE -> {
                if (value < Frames.DEFAULT_MAX_FRAME || value > 0xffffff) {
                    return new Invalid(H2Error.PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE " + value);
                }
                maxFrame = (int) value;
            }
            default -> {
                // MAX_HEADER_LIST_SIZE is advice, the others are not ours (section 6.5.2: ignore).
            }
        }
        return null;
    }
}
