package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The channel under a tunnel: where it leads, and who TLS has proved to be at its ends. Owned by: the channel's loop; the
 * identity and the addresses may be read by any thread once they are known.
 */
abstract class SecuredChannel extends ChannelInboundHandlerAdapter implements Tunnel {
    private @Nullable ChannelHandlerContext context;

    private volatile Handshake.@Nullable Secured secured;
    private volatile @Nullable InetSocketAddress remoteAddress;
    private volatile @Nullable InetSocketAddress localAddress;

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    /** Whether there ever was a channel. */
    final boolean hasChannel() {
        return context != null;
    }

    final ChannelHandlerContext ctx() {
        return required(context);
    }

    /** TLS is done, whatever comes of it. */
    final void addressesKnown() {
        remoteAddress = (InetSocketAddress) ctx().channel().remoteAddress();
        localAddress = (InetSocketAddress) ctx().channel().localAddress();
    }

    /** The peer is who it should be. */
    final void proved(Handshake.Secured good) {
        secured = good;
    }

    @Override
    public SpiffeId peer() {
        return required(secured).peer();
    }

    @Override
    public SpiffeId local() {
        return required(secured).local();
    }

    @Override
    public Instant expiresAt() {
        return required(secured).expiresAt();
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return required(remoteAddress);
    }

    @Override
    public InetSocketAddress localAddress() {
        return required(localAddress);
    }

    @Override
    public EventLoop eventLoop() {
        return ctx().channel().eventLoop();
    }

    static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("the tunnel is not connected yet");
        }
        return value;
    }
}
