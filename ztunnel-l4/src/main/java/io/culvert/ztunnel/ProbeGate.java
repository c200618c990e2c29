package io.culvert.ztunnel;

import io.culvert.core.mesh.PodInfo;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the relay of a connection that policy denies and that may be a kubelet probe: passes on exactly what
 * belongs to the declared probe, and ends the connection at the first byte that does not. Owned by the channel's loop.
 */
final class ProbeGate extends ChannelInboundHandlerAdapter {
    /** Is told what the connection is. */
    interface Judge {
        /** A declared probe, so far: the app may be dialled. Called once. */
        void onProbe();

        /** Something else, at any time; the connection must end. */
        void onNoProbe(String why);
    }

    /** A probe is over when the kubelet's own timeout is; this is for those that never end. */
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final Set<String> httpPaths;
    private final Set<String> grpcServices;
    private final Judge judge;
    private @Nullable ProbeCheck check;
    private @Nullable ScheduledFuture<?> deadline;
    private boolean admitted;
    private boolean ended;

    private ProbeGate(List<PodInfo.Probe> probes, Judge judge) {
        httpPaths = of(probes, PodInfo.Probe.Kind.HTTP);
        grpcServices = of(probes, PodInfo.Probe.Kind.GRPC);
        this.judge = judge;
    }

    private static Set<String> of(List<PodInfo.Probe> probes, PodInfo.Probe.Kind kind) {
        return probes.stream()
                .filter(p -> p.kind() == kind)
                .map(p -> kind == PodInfo.Probe.Kind.HTTP && p.path().isEmpty() ? "/" : p.path())
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Puts a gate before everything else in the pipeline of a registered channel and starts to read. */
    static void install(Channel channel, List<PodInfo.Probe> probes, Duration patience, Judge judge) {
        ProbeGate gate = new ProbeGate(probes, judge);
        channel.pipeline().addFirst(gate);
        gate.deadline = channel.eventLoop()
                .schedule(
                        () -> gate.end("no complete request within " + patience.toMillis() + " ms"),
                        patience.toMillis(),
                        TimeUnit.MILLISECONDS);
        channel.config().setAutoRead(true);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        ByteBuf data = (ByteBuf) msg;
        try {
            if (!ended && data.isReadable()) {
                judge(ctx, data);
            }
        } finally {
            data.release();
        }
    }

    private void judge(ChannelHandlerContext ctx, ByteBuf data) {
        if (check == null) {
            boolean http2 = GrpcProbeCheck.looksLikeIt(data);
            if ((http2 ? grpcServices : httpPaths).isEmpty()) {
                end("the port declares no " + (http2 ? "gRPC" : "HTTP") + " probe");
                return;
            }
            check = http2 ? new GrpcProbeCheck(grpcServices) : new HttpProbeCheck(httpPaths);
        }
        ProbeCheck asked = check;
        boolean before = asked.complete();
        ProbeCheck.Verdict verdict = asked.feed(data);
        if (verdict == ProbeCheck.Verdict.OTHER) {
            end(asked.why());
            return;
        }
        ByteBuf passed = asked.passed();
        if (passed != null) {
            ctx.fireChannelRead(passed);
        }
        if (verdict == ProbeCheck.Verdict.PROBE && !admitted) {
            admitted = true;
            // The relay turns reading on again when the app is there.
            ctx.channel().config().setAutoRead(false);
            judge.onProbe();
        }
        if (!before && asked.complete() && !ended) {
            extend(ctx);
        }
    }

    private void extend(ChannelHandlerContext ctx) {
        stopTimer();
        deadline = ctx.executor()
                .schedule(
                        () -> end("a probe of more than " + LONGEST.toMinutes() + " minutes"),
                        LONGEST.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && !admitted) {
            end("it closed before a complete request");
            return;
        }
        ctx.fireUserEventTriggered(event);
    }

    private void end(String why) {
        if (!ended) {
            ended = true;
            stopTimer();
            judge.onNoProbe(why);
        }
    }

    private void stopTimer() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ended = true;
        stopTimer();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        stopTimer();
        if (check != null) {
            check.close();
            check = null;
        }
    }
}
