package io.culvert.perf.load;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;

/**
 * The process that runs inside a pod: {@code echo PORT}, or {@code load HOST PORT RATE CONNECTIONS SIZE WARMUP LENGTH}
 * (seconds), which prints one line of JSON.
 */
public final class LoadMain {
    private LoadMain() {}

    public static void main(String[] args) throws InterruptedException {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        switch (args[0]) {
            case "echo" -> {
                EchoServer server = EchoServer.start(loops, new InetSocketAddress(Integer.parseInt(args[1])));
                System.out.println("listening on " + server.address());
            }
            case "load" -> {
                OpenLoopClient.Plan plan = new OpenLoopClient.Plan(
                        new InetSocketAddress(args[1], Integer.parseInt(args[2])),
                        Integer.parseInt(args[3]),
                        Integer.parseInt(args[4]),
                        Integer.parseInt(args[5]),
                        seconds(args[6]),
                        seconds(args[7]));
                System.out.println(OpenLoopClient.run(loops.next(), plan).toJson());
                loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS);
            }
            default ->
                throw new IllegalArgumentException(
                        String.format(Locale.ROOT, "unknown command '%s': echo or load", args[0]));
        }
    }

    private static Duration seconds(String text) {
        return Duration.ofMillis(Math.round(Double.parseDouble(text) * 1000));
    }
}
