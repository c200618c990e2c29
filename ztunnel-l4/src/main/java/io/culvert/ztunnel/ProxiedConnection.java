package io.culvert.ztunnel;

import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.PolicyContext;
import io.culvert.core.mesh.PolicySet;
import io.culvert.core.mesh.PolicyVerdict;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.relay.Dialer;
import io.culvert.core.relay.Relay;
import io.culvert.core.relay.RelayHalf;
import io.culvert.core.relay.RelaySocket;
import io.culvert.core.relay.SourcePorts;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionAttributes;
import io.culvert.core.telemetry.ConnectionRecord;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection through the proxy, from accept to its one outcome, which is recorded here and nowhere else. Owned by
 * its loop, but for what policy changes and the admin endpoint read.
 */
abstract class ProxiedConnection implements Relay.Listener, RelaySocket.Owner, Dialer.Listener {
    final NodeProxy node;
    final PodProxy pod;
    final ByteBudget budget;
    final InetSocketAddress source;
    /** Where the client connected to. */
    final InetSocketAddress requested;

    private volatile EventLoop loop;
    // The pod whose policies rule this connection, and what they see of it.
    private volatile @Nullable PodProxy judge;
    private volatile @Nullable PolicyContext context;
    private volatile @Nullable ConnectionRecord record;
    private volatile boolean over;
    private Dialer.@Nullable Dial dial;
    private @Nullable Relay relay;
    private @Nullable ScheduledFuture<?> wait;

    ProxiedConnection(
            PodProxy pod, ByteBudget budget, InetSocketAddress source, InetSocketAddress requested, EventLoop loop) {
        this.node = pod.node;
        this.pod = pod;
        this.budget = budget;
        this.source = source;
        this.requested = requested;
        this.loop = loop;
    }

    final EventLoop loop() {
        return loop;
    }

    final void loop(EventLoop other) {
        loop = other;
    }

    final boolean isOver() {
        return over;
    }

    /** What metrics and the log say of it, as far as it is known now. */
    abstract ConnectionAttributes attributes();

    /** Tells the client that nothing comes of it; only before a relay runs. */
    abstract void refuseClient(CloseReason reason);

    /** Frees what this kind of connection holds beyond the relay. */
    abstract void released();

    /** Goes on after {@link #awaitWorkload}. */
    abstract void resume(Workload workload);

    abstract ConnectionView view();

    final @Nullable ConnectionRecord record() {
        return record;
    }

    final @Nullable PolicyContext context() {
        return context;
    }

    // ---- waiting for the pod's own workload

    /** The mesh state may be a little behind the pod: wait for it, within bounds. */
    final void awaitWorkload() {
        Workload known = pod.workload();
        if (known != null) {
            resume(known);
            return;
        }
        long millis = node.settings().workloadWait().toMillis();
        wait = loop.schedule(
                () -> end(
                        CloseReason.UNKNOWN_DESTINATION,
                        "the control plane has not sent workload " + pod.uid + " within " + millis
                                + " ms: is the agent connected to it?",
                        null),
                millis,
                TimeUnit.MILLISECONDS);
        pod.waiting.add(this);
        workloadArrived();
    }

    /** The mesh state may know the workload now. */
    final void workloadArrived() {
        Workload workload = pod.workload();
        if (workload != null && pod.waiting.remove(this)) {
            stopWaiting();
            resume(workload);
        }
    }

    private void stopWaiting() {
        if (wait != null) {
            wait.cancel(false);
            wait = null;
        }
    }

    // ---- policy

    /**
     * Registers the connection with the pod that judges it, then asks the policies: a change that comes in between finds
     * it registered. False when it was refused.
     *
     * @param destination workload of {@code by}
     */
    final boolean admitted(PodProxy by, Workload destination, PolicyContext seen) {
        PolicyVerdict verdict = judge(by, destination, seen);
        if (verdict.allowed()) {
            return true;
        }
        end(CloseReason.POLICY_DENIED, verdict.detail(), verdict.policy());
        return false;
    }

    final PolicyVerdict judge(PodProxy by, Workload destination, PolicyContext seen) {
        context = seen;
        judge = by;
        by.connections.add(this);
        PolicyVerdict verdict = node.state().policiesFor(destination).evaluate(seen);
        node.checked(verdict.allowed());
        if (!verdict.dryRun().isEmpty()) {
            node.logDryRun(verdict, seen);
        }
        return verdict;
    }

    /** Policies are not asked again: an exception of theirs admitted it (a kubelet probe), or another way is tried. */
    final void exempt() {
        PodProxy judged = judge;
        if (judged != null && judged != pod) {
            judged.forget(this);
        }
        judge = null;
    }

    /** After a change of policies; on any thread. */
    final void recheck(PodProxy by, PolicySet policies) {
        PolicyContext seen = context;
        if (over || seen == null || judge != by) {
            return;
        }
        PolicyVerdict verdict = policies.evaluate(seen);
        if (!verdict.allowed()) {
            loop.execute(() -> end(
                    CloseReason.POLICY_CHANGED, "closed by a policy change: " + verdict.detail(), verdict.policy()));
        }
    }

    // ---- the way to the app

    /** Dials an app of this node in the client's name, in the namespace of {@code target}. */
    final void dialApp(PodProxy target, InetSocketAddress app) {
        // With source and destination alike the kernel would see a connection of the pod to itself, which it may be.
        SourcePorts ports = target.sourcePorts;
        Dialer.Source as = Ip.of(source.getAddress()).equals(Ip.of(app.getAddress()))
                        || source.getAddress().getClass() != app.getAddress().getClass()
                ? null
                : new Dialer.Source(source.getAddress(), ports);
        dial = node.dialer().dial(loop, target.sockets, app, as, budget, this);
    }

    /** Dials something that the mesh does not know, from the pod's namespace. */
    final void dialPlain(InetSocketAddress target) {
        dial = node.dialer().dial(loop, pod.sockets, target, null, budget, this);
    }

    final void dialed() {
        dial = null;
    }

    final void join(RelayHalf client, RelayHalf server) {
        ConnectionRecord opened = node.telemetry().open(attributes());
        record = opened;
        relay = Relay.join(
                client,
                server,
                opened,
                budget,
                node.timers().of(loop),
                node.settings().relay(),
                this);
    }

    // ---- the end

    @Override
    public final void onEarlyReset() {
        end(CloseReason.RESET_BY_CLIENT, "before the connection to the destination stood", null);
    }

    @Override
    public final void onRelayEnded(CloseReason reason, @Nullable String detail) {
        end(reason, detail, null);
    }

    /** Ends it with this outcome; only the first one counts. On the loop. */
    final void end(CloseReason reason, @Nullable String detail, @Nullable String policy) {
        if (over) {
            return;
        }
        assert loop.inEventLoop();
        over = true;
        stopWaiting();
        pod.waiting.remove(this);
        if (dial != null) {
            dial.cancel();
            dial = null;
        }
        ConnectionRecord opened = record;
        if (opened == null) {
            node.telemetry().refused(attributes(), reason, detail, policy);
        } else {
            opened.close(reason, detail, policy);
        }
        if (relay != null) {
            relay.close(reason, detail);
        } else if (opened == null) {
            refuseClient(reason);
        }
        PodProxy judged = judge;
        if (judged != null && judged != pod) {
            judged.forget(this);
        }
        released();
        pod.forget(this);
    }
}
