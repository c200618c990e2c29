package io.culvert.core.xds;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.Workload;
import io.culvert.proto.xds.AggregatedDiscoveryServiceGrpc;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.culvert.proto.xds.Resource;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A control plane that says what the test tells it to, over a real Unix socket. */
final class ScriptedServer extends AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceImplBase
        implements AutoCloseable {
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Server server;
    private final BlockingQueue<StreamObserver<DeltaDiscoveryResponse>> streams = new LinkedBlockingQueue<>();
    private final BlockingQueue<DeltaDiscoveryRequest> requests = new LinkedBlockingQueue<>();

    ScriptedServer(Path socket) throws IOException {
        server = NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                .channelType(EpollServerDomainSocketChannel.class)
                .bossEventLoopGroup(loop)
                .workerEventLoopGroup(loop)
                .addService(this)
                .build()
                .start();
    }

    @Override
    public StreamObserver<DeltaDiscoveryRequest> deltaAggregatedResources(
            StreamObserver<DeltaDiscoveryResponse> responses) {
        streams.add(responses);
        return new StreamObserver<>() {
            @Override
            public void onNext(DeltaDiscoveryRequest request) {
                requests.add(request);
            }

            @Override
            public void onError(Throwable t) {}

            @Override
            public void onCompleted() {}
        };
    }

    /** The next stream that a client opens. */
    Stream accept() throws InterruptedException {
        StreamObserver<DeltaDiscoveryResponse> stream = streams.poll(10, TimeUnit.SECONDS);
        if (stream == null) {
            throw new AssertionError("no client came");
        }
        return new Stream(stream);
    }

    DeltaDiscoveryRequest request() throws InterruptedException {
        DeltaDiscoveryRequest request = requests.poll(10, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("the client asked for nothing");
        }
        return request;
    }

    /** One client's stream. */
    record Stream(StreamObserver<DeltaDiscoveryResponse> responses) {
        void send(ResourceType type, String nonce, List<Resource> resources, String... removed) {
            send(type, nonce, "", resources, removed);
        }

        void send(ResourceType type, String nonce, String info, List<Resource> resources, String... removed) {
            responses.onNext(DeltaDiscoveryResponse.newBuilder()
                    .setTypeUrl(type.url())
                    .setNonce(nonce)
                    .setSystemVersionInfo(info)
                    .addAllResources(resources)
                    .addAllRemovedResources(List.of(removed))
                    .build());
        }

        void fail() {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
        }
    }

    static Resource workload(String name, String version, String node, String... policies) {
        Workload workload = Workload.newBuilder()
                .setUid("c//Pod/ns/" + name)
                .setName(name)
                .setNamespace("ns")
                .setNode(node)
                .addAddresses(ByteString.copyFrom(new byte[] {10, 0, 0, (byte) name.hashCode()}))
                .addAllAuthorizationPolicies(List.of(policies))
                .build();
        return resource(
                ResourceType.ADDRESS,
                workload.getUid(),
                version,
                Address.newBuilder().setWorkload(workload).build());
    }

    static Resource policy(String name, String version) {
        return resource(
                ResourceType.AUTHORIZATION,
                "ns/" + name,
                version,
                Authorization.newBuilder()
                        .setName(name)
                        .setNamespace("ns")
                        .setScopeValue(2)
                        .build());
    }

    static Resource resource(ResourceType type, String name, String version, Message message) {
        return Resource.newBuilder()
                .setName(name)
                .setVersion(version)
                .setResource(Any.newBuilder().setTypeUrl(type.url()).setValue(message.toByteString()))
                .build();
    }

    @Override
    public void close() {
        server.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
