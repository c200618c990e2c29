package io.culvert.cni;

import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.NetworkNamespace;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Servers and clients inside namespaces. A server greets with "LABEL ORIGINAL-DESTINATION PEER-ADDRESS" and then sends
 * back every byte, so a client knows who answered and whether a connection still lives.
 */
final class Talk implements Closeable {
    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final List<Closeable> open = new ArrayList<>();

    /** Listens on every address of both families. */
    void serve(String label, NetworkNamespace namespace, int port) {
        EpollServerSocketChannel channel = namespace.construct(EpollServerSocketChannel::new);
        channel.config().setOption(MeshSockets.SO_MARK, label.equals("proxy") ? MeshSockets.PROXY_MARK : 0);
        channel.config().setReuseAddress(true);
        channel.pipeline().addLast(new Acceptor(label));
        group.register(channel).syncUninterruptibly();
        channel.bind(new InetSocketAddress(Netns.ip("::"), port)).syncUninterruptibly();
        open.add(() -> channel.close().syncUninterruptibly());
    }

    private final class Acceptor extends ChannelInboundHandlerAdapter {
        private final String label;

        Acceptor(String label) {
            this.label = label;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object accepted) {
            Channel child = (Channel) accepted;
            child.pipeline().addLast(new Echo(label));
            var _ = group.register(child);
        }
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final String label;

        Echo(String label) {
            this.label = label;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            String greeting = label + " " + text(MeshSockets.originalDestination(ctx.channel())) + " "
                    + ((InetSocketAddress) ctx.channel().remoteAddress())
                            .getAddress()
                            .getHostAddress() + "\n";
            ByteBuf bytes = Unpooled.copiedBuffer(greeting, StandardCharsets.UTF_8);
            var _ = ctx.writeAndFlush(bytes);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            var _ = ctx.writeAndFlush(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            var _ = ctx.close();
        }
    }

    /** "10.0.0.1:80", "[fd77::2]:80" without abbreviation. */
    static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** One connection of a client. */
    static final class Line implements Closeable {
        final String greeting;
        private final Socket socket;
        private final BufferedReader in;
        private final OutputStream out;

        Line(Socket socket) throws IOException {
            this.socket = socket;
            socket.setSoTimeout(5_000);
            socket.setTcpNoDelay(true);
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            out = socket.getOutputStream();
            greeting = String.valueOf(in.readLine());
        }

        /** Who answered. */
        String label() {
            return greeting.substring(0, Math.max(0, greeting.indexOf(' ')));
        }

        int localPort() {
            return socket.getLocalPort();
        }

        /** What comes back for {@code text}; null after the end of the stream. */
        @Nullable
        String echo(String text) throws IOException {
            out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
            return in.readLine();
        }

        /** Whether a byte still comes back. */
        boolean lives() {
            try {
                return echo("?") != null;
            } catch (IOException e) {
                return false;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /** Connects from inside {@code namespace}, from {@code source} when one is given. */
    Line call(NetworkNamespace namespace, @Nullable String source, String host, int port) throws IOException {
        SocketChannel channel = namespace.construct(() -> {
            try {
                return SocketChannel.open();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try {
            if (source != null) {
                channel.bind(new InetSocketAddress(Netns.ip(source), 0));
            }
            channel.socket().connect(new InetSocketAddress(Netns.ip(host), port), 3_000);
            Line line = new Line(channel.socket());
            open.add(line);
            return line;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    EventLoopGroup group() {
        return group;
    }

    @Override
    public void close() throws IOException {
        for (Closeable each : open.reversed()) {
            each.close();
        }
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
