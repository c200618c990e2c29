package io.culvert.waypoint.tunnel;

import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What of a socket's options a stream has, too: half-closure and lingering. Owned by the channel's loop. */
final class StreamChannelConfig extends DefaultChannelConfig {
    private final StreamChannel of;
    private boolean allowHalfClosure;
    private int linger = -1;

    StreamChannelConfig(StreamChannel channel) {
        super(channel);
        of = channel;
        setAutoRead(false);
    }

    boolean isAllowHalfClosure() {
        return allowHalfClosure;
    }

    /** SO_LINGER 0. */
    boolean isResetOnClose() {
        return linger == 0;
    }

    @Override
    protected void autoReadCleared() {
        of.stopReading();
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), ChannelOption.ALLOW_HALF_CLOSURE, ChannelOption.SO_LINGER);
    }

    @Override
    @SuppressWarnings("unchecked") // each option has its own type
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        if (ChannelOption.ALLOW_HALF_CLOSURE.equals(option)) {
            return (T) Boolean.valueOf(allowHalfClosure);
        }
        if (ChannelOption.SO_LINGER.equals(option)) {
            return (T) Integer.valueOf(linger);
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        if (ChannelOption.ALLOW_HALF_CLOSURE.equals(option)) {
            allowHalfClosure = (Boolean) value;
        } else if (ChannelOption.SO_LINGER.equals(option)) {
            linger = (Integer) value;
        } else {
            return super.setOption(option, value);
        }
        return true;
    }
}
