package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a tunnel's {@link SslHandler} until its handshake is done and hands it what was read when it is this
 * connection's turn ({@link HandshakeTurns}). Reading rests meanwhile, so that one read at most waits here. Owned by: the
 * tunnel's loop.
 */
final class HandshakePace extends ChannelInboundHandlerAdapter {
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable ArrayDeque<ByteBuf> held;

    /** Puts one before {@code tls}, which is in the pipeline already. */
    static void before(SslHandler tls, ChannelPipeline pipeline) {
        HandshakePace pace = new HandshakePace();
        pipeline.addFirst(pace);
        tls.handshakeFuture().addListener(done -> pace.leave());
    }

    private void leave() {
        ChannelHandlerContext at = ctx;
        if (at != null && !at.isRemoved()) {
            at.pipeline().remove(this);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        ctx = added;
    }

    @Override
    public void channelRead(ChannelHandlerContext at, Object msg) {
        ArrayDeque<ByteBuf> before = held;
        if (before != null) {
            before.add((ByteBuf) msg);
        } else if (HandshakeTurns.of((EventLoop) at.executor()).take(this::step)) {
            at.fireChannelRead(msg);
        } else {
            held = new ArrayDeque<>(1);
            held.add((ByteBuf) msg);
            at.channel().config().setAutoRead(false);
        }
    }

    /** It is our turn. */
    private void step() {
        ChannelHandlerContext at = ctx;
        if (at == null || held == null) {
            return; // gone meanwhile
        }
        pass(at);
        if (at.channel().isOpen()) {
            at.channel().config().setAutoRead(true);
        }
    }

    private void pass(ChannelHandlerContext at) {
        ArrayDeque<ByteBuf> all = held;
        held = null;
        if (all != null) {
            all.forEach(at::fireChannelRead);
            at.fireChannelReadComplete();
        }
    }

    /** Before the end is told: what was read may hold the peer's reason, an alert. */
    @Override
    public void channelInactive(ChannelHandlerContext at) {
        pass(at);
        at.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext at) {
        pass(at);
    }
}
