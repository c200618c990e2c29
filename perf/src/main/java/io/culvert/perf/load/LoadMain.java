package io.culvert.perf.load;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * The programs of a load, each a process: {@code echo PORT}; {@code backend NETNS...}, which listens in each namespace
 * with an echo and a sink; {@code drive}, the clients of a bench (see {@link Drive}); {@code load HOST PORT RATE
 * CONNECTIONS SIZE WARMUP LENGTH} (seconds), which does a round of open-loop echo and prints a line of JSON; {@code hold
 * HOST PORT COUNT [NETNS]}, which opens the connections and prints a line; {@code handshakes
 * HOST PORT NETNS}, which for each number on standard input begins so many TLS handshakes at once and prints a line when
 * they are refused; {@code probe HOST PORT SECONDS}, which prints a line whenever reachability changes. For each line on standard input, until that ends, {@code load} does another round and
 * {@code hold} sends a byte round on all connections and prints what is still there.
 */
public final class LoadMain {
    /** Ports of the backend's echo and sink. */
    public static final int ECHO_PORT = 7007;

    public static final int SINK_PORT = 7008;

    private LoadMain() {}

    public static void main(String[] args) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        switch (args[0]) {
            case "echo" -> {
                EchoServer server = EchoServer.start(loops, new InetSocketAddress(Integer.parseInt(args[1])));
                System.out.println("listening on " + server.address());
            }
            case "load" -> {
                RequestPlan plan = new RequestPlan(
                        new InetSocketAddress(args[1], Integer.parseInt(args[2])),
                        Exchange.echo(Integer.parseInt(args[5])),
                        Integer.parseInt(args[4]),
                        Integer.parseInt(args[3]),
                        false,
                        Drive.seconds(args[6]),
                        Drive.seconds(args[7]));
                BufferedReader in = standardInput();
                do {
                    System.out.println(RequestLoad.run(loops.next(), PodSockets.here(), plan, Marks.NONE)
                            .toJson());
                } while (in.readLine() != null);
                loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            }
            case "backend" -> {
                for (String netns : Arrays.asList(args).subList(1, args.length)) {
                    try (PodSockets sockets = PodSockets.at(netns)) {
                        EchoServer.start(loops, sockets, new InetSocketAddress(ECHO_PORT));
                        SinkServer.start(loops, sockets, new InetSocketAddress(SINK_PORT));
                    }
                }
                System.out.println("listening in " + (args.length - 1) + " namespaces");
                standardInput().readLine();
                loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            }
            case "drive" -> {
                new Drive(loops.next(), System.out).run(standardInput());
                loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            }
            case "hold" -> {
                try (PodSockets sockets = PodSockets.at(args.length > 4 ? args[4] : "-")) {
                    HoldClient client = new HoldClient(
                            loops.next(), sockets, new InetSocketAddress(args[1], Integer.parseInt(args[2])));
                    System.out.println(client.open(Integer.parseInt(args[3])).toJson());
                    BufferedReader in = standardInput();
                    while (in.readLine() != null) {
                        System.out.println(client.check(Duration.ofSeconds(15)).toJson());
                    }
                }
                loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            }
            case "handshakes" -> {
                try (PodSockets sockets = PodSockets.at(args[3])) {
                    HandshakeLoad load = new HandshakeLoad(
                            loops.next(), sockets, new InetSocketAddress(args[1], Integer.parseInt(args[2])));
                    System.out.println("ready");
                    BufferedReader in = standardInput();
                    for (String count = in.readLine(); count != null; count = in.readLine()) {
                        System.out.println(load.burst(Integer.parseInt(count)));
                    }
                }
                loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            }
            case "probe" -> {
                new ConnectProbe(new InetSocketAddress(args[1], Integer.parseInt(args[2])), System.out)
                        .run(Drive.seconds(args[3]));
                loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            }
            default ->
                throw new IllegalArgumentException(String.format(
                        Locale.ROOT,
                        "unknown command '%s': echo, backend, drive, load, hold, handshakes or probe",
                        args[0]));
        }
    }

    private static BufferedReader standardInput() {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    }
}
