package io.culvert.core.xds;

import io.culvert.core.mesh.HashTrie;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.xds.XdsStatus.Source;
import io.culvert.core.xds.XdsStream.Event;
import io.culvert.proto.route.Document;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.culvert.proto.xds.Resource;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a {@link MeshStore} at what a control plane says, over delta xDS, and at the last good state while there is none.
 *
 * <p>One virtual thread does everything: it reads one response at a time, decodes it, applies it in one step and answers.
 * Parts that belong together ({@link PartMarker}) are applied together; nothing is applied before every type has
 * answered once; and workloads of this node that name a policy which has not come yet wait a second for it, because
 * policies and workloads travel in separate responses and an unknown policy denies.
 */
public final class DeltaXdsClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeltaXdsClient.class);
    private static final Duration FIRST_BACKOFF = Duration.ofMillis(10);
    private static final Duration MAX_BACKOFF = Duration.ofSeconds(15);
    private static final Duration POLICY_PATIENCE = Duration.ofSeconds(1);
    private static final Duration FOREVER = Duration.ofHours(1);

    private final ManagedChannel channel;
    private final Channel authenticated;
    private final XdsNode node;
    private final MeshStore store;
    private final @Nullable DocumentSink documents;
    private final @Nullable StateFile file;
    private final @Nullable StateWriter writer;
    private final InstantSource clock;
    private final Backoff backoff = new Backoff(FIRST_BACKOFF, MAX_BACKOFF, RandomGenerator.getDefault());
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CompletableFuture<Source> ready = new CompletableFuture<>();
    private final List<Runnable> onConnected = new CopyOnWriteArrayList<>();
    private @Nullable Thread thread;
    private volatile XdsStatus status;

    // Owned by the client's thread.
    private final Map<ResourceType, Subscription> subscriptions = new EnumMap<>(ResourceType.class);
    private final MeshUpdate.Builder staged = MeshUpdate.builder();
    /** Types whose first answer of this stream is complete. */
    private final Set<ResourceType> answered = EnumSet.noneOf(ResourceType.class);
    /** Types of which further parts follow. */
    private final Set<ResourceType> partial = EnumSet.noneOf(ResourceType.class);
    /** Policies that staged workloads of this node name and nobody has sent. */
    private final Set<String> awaited = new HashSet<>();

    private long awaitedUntil;
    /** Policies waited for in vain; not waited for again. */
    private final Set<String> missing = new HashSet<>();

    /**
     * @param channel to the control plane; stays the caller's
     * @param token bearer token, asked for at each stream; null for none
     * @param stateFile where the last good state is kept; null to keep none
     */
    public DeltaXdsClient(
            ManagedChannel channel,
            @Nullable Supplier<String> token,
            XdsNode node,
            MeshStore store,
            @Nullable Path stateFile,
            InstantSource clock) {
        this(channel, token, node, store, null, stateFile, clock, Duration.ofSeconds(2));
    }

    /**
     * A waypoint's: subscribes to documents, too.
     *
     * @param documents takes them
     */
    public DeltaXdsClient(
            ManagedChannel channel,
            @Nullable Supplier<String> token,
            XdsNode node,
            MeshStore store,
            DocumentSink documents,
            @Nullable Path stateFile,
            InstantSource clock) {
        this(channel, token, node, store, documents, stateFile, clock, Duration.ofSeconds(2));
    }

    DeltaXdsClient(
            ManagedChannel channel,
            @Nullable Supplier<String> token,
            XdsNode node,
            MeshStore store,
            @Nullable DocumentSink documents,
            @Nullable Path stateFile,
            InstantSource clock,
            Duration writePause) {
        this.channel = channel;
        this.authenticated = token == null ? channel : BearerToken.on(channel, token);
        this.node = node;
        this.store = store;
        this.documents = documents;
        this.clock = clock;
        file = stateFile == null ? null : new StateFile(stateFile);
        writer = file == null ? null : new StateWriter(file, writePause);
        for (ResourceType type : ResourceType.values()) {
            if (type != ResourceType.DOCUMENT || documents != null) {
                subscriptions.put(type, new Subscription(type, node.nodeName()));
            }
        }
        status = new XdsStatus(false, Source.NONE, clock.instant(), null, null, 0, Map.of(), Map.of());
    }

    /** {@link #restore} and {@link #connect}. Returns with the last good state applied. */
    public void start() {
        restore();
        connect();
    }

    /** Begins to ask the control plane; after {@link #close} it does nothing. Once, after {@link #restore}. */
    public synchronized void connect() {
        if (thread != null) {
            throw new IllegalStateException("already started");
        }
        thread = Thread.ofVirtual().name("xds").start(this::run);
    }

    /** Completes when there is state to serve: the last good one, or the control plane's after all types answered. */
    public CompletableFuture<Source> ready() {
        return ready;
    }

    /** How it stands now. */
    public XdsStatus status() {
        return status;
    }

    /** Runs {@code action} on the client's thread after each (re)connection; it must not block. */
    public void onConnected(Runnable action) {
        onConnected.add(action);
    }

    /** Reads and applies the last good state, if there is one. Once, before {@link #connect}; it asks nobody. */
    public void restore() {
        if (file == null) {
            return;
        }
        try {
            List<Resource> resources = file.read();
            MeshUpdate.Builder update = MeshUpdate.builder();
            for (Resource resource : resources) {
                ResourceType type = ResourceType.of(resource.getResource().getTypeUrl());
                if (type != null && subscriptions.containsKey(type)) {
                    subscription(type).restore(resource, update);
                }
            }
            if (!resources.isEmpty()) {
                store.apply(update.build());
                tellDocuments();
                publish(s -> withSource(s, Source.DISK));
                ready.complete(Source.DISK);
                LOG.info("serving the last good mesh state of {} resources from {}", resources.size(), file.path());
            }
        } catch (StateFileException e) {
            LOG.warn("{}", e.getMessage());
            String fault = e.getMessage();
            publish(s -> new XdsStatus(
                    s.connected(),
                    s.source(),
                    s.since(),
                    s.lastError(),
                    fault,
                    s.updates(),
                    s.resources(),
                    s.rejected()));
        }
    }

    private Subscription subscription(ResourceType type) {
        Subscription found = subscriptions.get(type);
        if (found == null) {
            throw new AssertionError(type);
        }
        return found;
    }

    private void run() {
        try {
            while (closing.getCount() > 0) {
                String end = attempt();
                disconnected(end);
                closing.await(backoff.next().toNanos(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One stream from its opening to its end. */
    private String attempt() throws InterruptedException {
        answered.clear();
        partial.clear();
        XdsStream stream = null;
        try {
            // gRPC's own reconnect waits grow to minutes; ours decide.
            channel.resetConnectBackoff();
            stream = XdsStream.open(authenticated);
            for (Subscription subscription : subscriptions.values()) {
                stream.send(DeltaDiscoveryRequest.newBuilder()
                        .setNode(node.toProto())
                        .setTypeUrl(subscription.type().url())
                        .putAllInitialResourceVersions(subscription.initialVersions())
                        .build());
            }
            return converse(stream);
        } catch (RuntimeException e) {
            LOG.debug("xDS stream failed", e);
            return String.valueOf(e.getMessage());
        } finally {
            if (stream != null) {
                stream.cancel("the client ends the stream");
            }
            // What was accepted will not be sent again, so it must not be lost with the stream. Before the first state
            // it waits for the types that have not answered.
            awaited.clear();
            applyStaged();
        }
    }

    private String converse(XdsStream stream) throws InterruptedException {
        while (closing.getCount() > 0) {
            Event event = stream.take(patience());
            switch (event) {
                case Event.Response response -> {
                    onResponse(stream, response.response());
                    stream.more();
                }
                case Event.Ended ended -> {
                    return describe(ended.status());
                }
                case null -> {
                    if (!awaited.isEmpty()) {
                        LOG.warn(
                                "control plane has not sent the policies {} that workloads of this node name; their"
                                        + " connections are refused until it does",
                                awaited);
                        missing.addAll(awaited);
                        awaited.clear();
                        applyStaged();
                    }
                }
            }
        }
        return "closed";
    }

    private Duration patience() {
        return awaited.isEmpty() ? FOREVER : Duration.ofNanos(Math.max(0, awaitedUntil - System.nanoTime()));
    }

    private static String describe(Status status) {
        if (status.isOk()) {
            return "the control plane ended the stream";
        }
        Throwable cause = status.getCause();
        return status.getCode()
                + (status.getDescription() == null ? "" : ": " + status.getDescription())
                + (cause == null ? "" : " (" + cause.getMessage() + ")");
    }

    private void onResponse(XdsStream stream, DeltaDiscoveryResponse response) {
        ResourceType type = ResourceType.of(response.getTypeUrl());
        if (type == null || !subscriptions.containsKey(type)) {
            stream.send(Answer.to(response, Map.of("type", "was not asked for: " + response.getTypeUrl())));
            return;
        }
        if (!status.connected()) {
            connected();
        }
        Subscription subscription = subscription(type);
        boolean noneAwaited = awaited.isEmpty();
        Map<String, String> faults = subscription.accept(response, staged, w -> {
            if (w.node().equals(node.nodeName())) {
                awaited.addAll(w.authorizationPolicies());
            }
        });
        Subscription policies = subscription(ResourceType.AUTHORIZATION);
        missing.removeIf(policies::has);
        awaited.removeIf(key -> policies.has(key) || missing.contains(key));
        if (noneAwaited) {
            awaitedUntil = System.nanoTime() + POLICY_PATIENCE.toNanos();
        }
        if (!faults.isEmpty()) {
            LOG.warn("control plane sent {} bad resources: {}", faults.size(), Answer.detail(faults));
        }
        if (PartMarker.moreFollow(response.getSystemVersionInfo())) {
            partial.add(type);
        } else {
            partial.remove(type);
            if (answered.add(type)) {
                subscription.removeUnconfirmed(staged);
            }
        }
        if (partial.isEmpty() && awaited.isEmpty() && mayApply()) {
            applyStaged();
        } else {
            store.stage(staged.build());
        }
        stream.send(Answer.to(response, faults));
    }

    /** Before the first state, half of it is worse than none: workloads without their policies would be open. */
    private boolean mayApply() {
        return status.source() != Source.NONE || answered.size() == subscriptions.size();
    }

    private void applyStaged() {
        if (!mayApply()) {
            return;
        }
        store.apply(staged.build());
        tellDocuments();
        if (writer != null) {
            Map<ResourceType, HashTrie<String, StoredResource>> state = new EnumMap<>(ResourceType.class);
            subscriptions.forEach((type, subscription) -> state.put(type, subscription.stored()));
            writer.offer(state);
        }
        Source source = answered.size() == subscriptions.size() ? Source.CONTROL_PLANE : status.source();
        publish(s -> withSource(s, source));
        if (source == Source.CONTROL_PLANE) {
            ready.complete(source);
        }
    }

    private void tellDocuments() {
        if (documents != null) {
            Map<String, @Nullable Document> changed =
                    subscription(ResourceType.DOCUMENT).takeDocuments();
            if (!changed.isEmpty()) {
                documents.apply(changed);
            }
        }
    }

    private void connected() {
        backoff.reset();
        Instant now = clock.instant();
        publish(s ->
                new XdsStatus(true, s.source(), now, null, s.restoreFault(), s.updates(), s.resources(), s.rejected()));
        LOG.info("control plane answers");
        onConnected.forEach(Runnable::run);
    }

    private void disconnected(String why) {
        if (closing.getCount() == 0) {
            return;
        }
        XdsStatus before = status;
        if (before.connected() || !why.equals(before.lastError())) {
            LOG.warn("control plane is away: {}; the last good state is served meanwhile", why);
        }
        Instant since = before.connected() ? clock.instant() : before.since();
        publish(s -> new XdsStatus(
                false, s.source(), since, why, s.restoreFault(), s.updates(), s.resources(), s.rejected()));
    }

    private XdsStatus withSource(XdsStatus s, Source source) {
        Map<ResourceType, Integer> counts = new EnumMap<>(ResourceType.class);
        Map<String, String> rejected = new HashMap<>();
        subscriptions.forEach((type, subscription) -> {
            counts.put(type, subscription.count());
            rejected.putAll(subscription.rejected());
        });
        return new XdsStatus(
                s.connected(), source, s.since(), s.lastError(), s.restoreFault(), s.updates() + 1, counts, rejected);
    }

    private void publish(java.util.function.UnaryOperator<XdsStatus> change) {
        status = change.apply(status);
    }

    /** Ends the stream and writes what is not on disk yet. Waits for both. */
    @Override
    public void close() {
        closing.countDown();
        Thread running;
        synchronized (this) {
            running = thread;
        }
        if (running != null) {
            running.interrupt();
            try {
                running.join(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (writer != null) {
            writer.close();
        }
    }
}
