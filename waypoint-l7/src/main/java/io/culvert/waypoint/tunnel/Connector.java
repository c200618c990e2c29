package io.culvert.waypoint.tunnel;

import io.culvert.core.mesh.Endpoint;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.time.Duration;

/** Makes byte channels to endpoints: HBONE with the exact identity of the workload expected, or plain TCP. Any thread. */
public interface Connector {
    /**
     * Connects. The channel is on {@code loop}; reads nothing before {@code handler} asks for it.
     *
     * @param servicePort the endpoint's port map says which port of the workload that is
     * @param handler installed before the channel is active
     * @return what cancels it
     */
    Attempt connect(
            EventLoop loop,
            Endpoint endpoint,
            int servicePort,
            Duration timeout,
            ChannelHandler handler,
            Listener listener);

    /** Told once, on the loop. */
    interface Listener {
        void onConnected(Channel channel);

        /** @param timedOut whether it was the time-out; {@code detail} names the endpoint, place and remedy */
        void onFailed(boolean timedOut, String detail);
    }

    /** A connection under way. */
    interface Attempt {
        /** Gives up; the listener hears nothing more. On the loop. */
        void cancel();
    }
}
