package io.culvert.perf.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.pkitesting.CertificateBuilder;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * TLS handshakes with a server that will refuse them, many at once: the certificate is by nobody that it trusts, which it
 * learns after its own key agreement and signature. {@link #burst} blocks its caller.
 */
final class HandshakeLoad {
    private static final int CONNECT_TIMEOUT_MILLIS = 5000;
    private static final int GIVE_UP_SECONDS = 10;

    private final EventLoop loop;
    private final PodSockets sockets;
    private final InetSocketAddress target;
    private final SslContext tls;

    HandshakeLoad(EventLoop loop, PodSockets sockets, InetSocketAddress target) throws Exception {
        this.loop = loop;
        this.sockets = sockets;
        this.target = target;
        var stranger = new CertificateBuilder()
                .ecp256()
                .subject("CN=stranger")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        tls = SslContextBuilder.forClient()
                .sslProvider(SslProvider.OPENSSL)
                .keyManager(stranger.getKeyPair().getPrivate(), stranger.getCertificatePath())
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .endpointIdentificationAlgorithm(null)
                .protocols("TLSv1.3")
                .build();
    }

    /** Begins {@code count} of them at once and waits for their ends; a line of JSON. */
    String burst(int count) {
        long begin = System.nanoTime();
        CompletableFuture<?>[] all = new CompletableFuture<?>[count];
        int[] refused = {0};
        for (int i = 0; i < count; i++) {
            CompletableFuture<Void> end = new CompletableFuture<>();
            all[i] = end;
            connect(end, refused);
        }
        CompletableFuture.allOf(all)
                .completeOnTimeout(null, GIVE_UP_SECONDS, TimeUnit.SECONDS)
                .join();
        return String.format(
                Locale.ROOT,
                "{\"begun\":%d,\"refused\":%d,\"seconds\":%.3f}",
                count,
                refused[0],
                (System.nanoTime() - begin) / 1e9);
    }

    private void connect(CompletableFuture<Void> end, int[] refused) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channelFactory(sockets.connecting())
                .option(io.netty.channel.ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .remoteAddress(target)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(tls.newHandler(ByteBufAllocator.DEFAULT), new Ending());
                    }
                });
        var _ = bootstrap
                .connect()
                .addListener(connected -> {
                    if (!connected.isSuccess()) {
                        end.complete(null);
                    }
                })
                .channel()
                .closeFuture()
                .addListener(closed -> {
                    refused[0]++;
                    end.complete(null);
                });
    }

    /** The server's alert is the end. */
    private static final class Ending extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
