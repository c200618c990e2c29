package io.culvert.perf.scale;

import io.culvert.core.xds.PartMarker;
import io.culvert.core.xds.ResourceType;
import io.culvert.proto.xds.AggregatedDiscoveryServiceGrpc;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.culvert.proto.xds.Resource;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The control plane's side: a process of its own, so that its work and memory are not the agent's. It makes everything
 * before it says that it is ready, sends in the controller's parts, and then single changes when told to. Each change
 * carries the time at which it was sent, by the clock that both processes read.
 */
final class ScaleFeeder extends AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceImplBase {
    /** Policies and addresses. */
    private static final int AGENT_TYPES = 2;

    /** Before the time in a change's mark. */
    static final String MARK = "sent-at-";

    /** The controller's own sizes of a part. */
    private static final int PART_RESOURCES = 1_000;

    private static final int PART_BYTES = 3 << 20;

    private final MeshSize size;
    private final MeshGenerator mesh;
    private final List<DeltaDiscoveryResponse> all = new ArrayList<>();
    private final Semaphore ready = new Semaphore(0);
    private final Semaphore asked = new Semaphore(0);
    private volatile @Nullable ServerCallStreamObserver<DeltaDiscoveryResponse> responses;
    private long nonce;

    private ScaleFeeder(MeshSize size) {
        this.size = size;
        mesh = new MeshGenerator(size.services(), size.policies());
    }

    /** {@code SOCKET} and the five numbers of {@link MeshSize}; says "ready", feeds, and ends with its standard input. */
    public static void main(String[] args) throws Exception {
        ScaleFeeder feeder = new ScaleFeeder(MeshSize.parse(Arrays.asList(args).subList(1, args.length)));
        feeder.prepare();
        EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        Server server = NettyServerBuilder.forAddress(
                        new DomainSocketAddress(Path.of(args[0]).toFile()))
                .channelType(EpollServerDomainSocketChannel.class)
                .bossEventLoopGroup(loop)
                .workerEventLoopGroup(loop)
                .addService(feeder)
                .build()
                .start();
        System.out.println("ready");
        feeder.feed();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (commands.readLine() != null) {
            feeder.change();
        }
        server.shutdownNow();
        System.exit(0);
    }

    private void prepare() {
        parts(ResourceType.AUTHORIZATION, size.policies(), i -> mesh.policyResource(i, ""));
        int services = size.services();
        parts(
                ResourceType.ADDRESS,
                services + size.workloads(),
                i -> i < services ? mesh.serviceResource(i, "") : mesh.workloadResource(i - services, ""));
    }

    private void parts(ResourceType type, int count, IntFunction<Resource> resources) {
        DeltaDiscoveryResponse.Builder part = DeltaDiscoveryResponse.newBuilder();
        int bytes = 0;
        for (int i = 0; i < count; i++) {
            Resource next = resources.apply(i);
            part.addResources(next);
            bytes += next.getSerializedSize();
            boolean last = i == count - 1;
            if (last || bytes >= PART_BYTES || part.getResourcesCount() == PART_RESOURCES) {
                all.add(finish(part, type, !last));
                part.clear();
                bytes = 0;
            }
        }
    }

    private DeltaDiscoveryResponse finish(DeltaDiscoveryResponse.Builder part, ResourceType type, boolean more) {
        return part.setTypeUrl(type.url())
                .setNonce(Long.toString(++nonce))
                .setSystemVersionInfo(new PartMarker(1, more).toString())
                .build();
    }

    @Override
    public StreamObserver<DeltaDiscoveryRequest> deltaAggregatedResources(
            StreamObserver<DeltaDiscoveryResponse> observer) {
        var call = (ServerCallStreamObserver<DeltaDiscoveryResponse>) observer;
        call.setOnReadyHandler(ready::release);
        responses = call;
        return new StreamObserver<>() {
            @Override
            public void onNext(DeltaDiscoveryRequest request) {
                if (request.getResponseNonce().isEmpty()) {
                    asked.release();
                } else if (request.hasErrorDetail()) {
                    System.err.println("refused: " + request.getErrorDetail().getMessage());
                }
            }

            @Override
            public void onError(Throwable t) {}

            @Override
            public void onCompleted() {}
        };
    }

    private void send(DeltaDiscoveryResponse response) throws InterruptedException {
        ServerCallStreamObserver<DeltaDiscoveryResponse> to = responses;
        if (to == null) {
            throw new IllegalStateException("nobody has asked");
        }
        while (!to.isReady()) {
            ready.acquire();
        }
        to.onNext(response);
    }

    /** Everything, once both types were asked for. */
    private void feed() throws InterruptedException {
        asked.acquire(AGENT_TYPES);
        for (DeltaDiscoveryResponse part : all) {
            send(part);
        }
        all.clear();
    }

    private void change() throws InterruptedException {
        long gap = TimeUnit.SECONDS.toNanos(1) / size.perSecond();
        long at = System.nanoTime();
        for (int i = 0; i < size.changes(); i++) {
            at += gap;
            while (System.nanoTime() < at) {
                LockSupport.parkNanos(at - System.nanoTime());
            }
            // Of ten changes eight are pods.
            int pod = (int) (i * 7_919L % size.workloads());
            ResourceType type = i % 10 == 0 ? ResourceType.AUTHORIZATION : ResourceType.ADDRESS;
            String mark = MARK + System.nanoTime();
            Resource changed = switch (i % 10) {
                case 0 -> mesh.policyResource(i % size.policies(), mark);
                case 1 -> mesh.serviceResource(i % size.services(), mark);
                default -> mesh.workloadResource(pod, mark);
            };
            send(finish(DeltaDiscoveryResponse.newBuilder().addResources(changed), type, false));
        }
    }
}
