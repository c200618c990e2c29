package io.culvert.ztunnel;

import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.PodInfo;
import io.culvert.core.mesh.PolicyContext;
import io.culvert.core.mesh.PolicyVerdict;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.RelaySocket;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionAttributes;
import io.culvert.core.telemetry.ConnectionRecord;
import io.culvert.core.telemetry.Reporter;
import io.culvert.core.telemetry.SecurityPolicy;
import io.culvert.core.telemetry.Way;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A connection without identity to an app of this node, captured on 15006. What policy denies may still be a kubelet
 * probe: from an address of the pod's node, to a declared port, asking for the declared thing and nothing else.
 */
final class InboundPlain extends ProxiedConnection implements ChannelFutureListener, ProbeGate.Judge {
    private final RelaySocket client;
    private @Nullable Workload own;
    private @Nullable PolicyVerdict denied;

    private InboundPlain(PodProxy pod, SocketChannel channel, InetSocketAddress requested, EventLoop loop) {
        super(pod, pod.newBudget(), channel.remoteAddress(), requested, loop);
        client = new RelaySocket(channel, budget);
        client.owner(this);
    }

    /** Takes an accepted socket that is not registered yet; on the listener's loop. */
    static void begin(PodProxy pod, SocketChannel channel, InetSocketAddress requested) {
        InboundPlain connection = new InboundPlain(pod, channel, requested, pod.node.nextLoop());
        channel.pipeline().addLast(connection.client);
        pod.connections.add(connection);
        connection.loop().register(channel).addListener(connection);
    }

    @Override
    public void operationComplete(ChannelFuture future) {
        if (!future.isSuccess() || isOver()) {
            client.abort();
            return;
        }
        if (OutboundDecider.isProxyPort(requested.getPort())) {
            end(
                    CloseReason.LOOP,
                    "port " + requested.getPort() + " is the proxy's own: connect to the app's port",
                    null);
            return;
        }
        awaitWorkload();
    }

    @Override
    void resume(Workload workload) {
        own = workload;
        PolicyContext seen =
                new PolicyContext(null, Ip.of(source.getAddress()), Ip.of(requested.getAddress()), requested.getPort());
        PolicyVerdict verdict = judge(pod, workload, seen);
        if (verdict.allowed()) {
            dialApp(pod, requested);
            return;
        }
        List<PodInfo.Probe> probes = probes(workload);
        if (probes.isEmpty()) {
            end(CloseReason.POLICY_DENIED, verdict.detail(), verdict.policy());
            return;
        }
        // From here on the probe's rules decide; policy has spoken.
        exempt();
        denied = verdict;
        ProbeGate.install(client.channel(), probes, node.settings().probeWait(), this);
    }

    private List<PodInfo.Probe> probes(Workload workload) {
        PodInfo info = workload.pod();
        if (info == null || !info.nodeAddresses().contains(Ip.of(source.getAddress()))) {
            return List.of();
        }
        return info.probes().stream()
                .filter(p -> p.port() == requested.getPort() && p.kind() != PodInfo.Probe.Kind.TCP)
                .toList();
    }

    @Override
    public void onProbe() {
        if (!isOver()) {
            dialApp(pod, requested);
        }
    }

    @Override
    public void onNoProbe(String why) {
        PolicyVerdict verdict = denied;
        end(
                CloseReason.POLICY_DENIED,
                (verdict == null ? "" : verdict.detail() + "; ") + "not a declared kubelet probe: " + why,
                verdict == null ? null : verdict.policy());
    }

    @Override
    public void onConnected(RelaySocket server) {
        dialed();
        join(client, server);
    }

    @Override
    public void onDialFailed(CloseReason reason, String detail) {
        dialed();
        end(reason, detail, null);
    }

    @Override
    void refuseClient(CloseReason reason) {
        client.abort();
    }

    @Override
    void released() {}

    @Override
    ConnectionAttributes attributes() {
        Workload from = node.state().workloadAt(node.settings().network(), Ip.of(source.getAddress()));
        return new ConnectionAttributes(
                Reporter.DESTINATION,
                Way.INBOUND_PLAIN,
                SecurityPolicy.NONE,
                node.labels().unproved(from),
                node.labels().proved(own),
                null,
                source,
                requested,
                null);
    }

    @Override
    ConnectionView view() {
        ConnectionRecord opened = record();
        return new ConnectionView(
                pod.uid,
                false,
                opened != null,
                Way.INBOUND_PLAIN,
                null,
                source,
                requested,
                requested,
                opened == null ? 0 : opened.sentBytes(),
                opened == null ? 0 : opened.receivedBytes());
    }
}
