package io.culvert.controlplane;

import io.culvert.core.xds.PartMarker;
import io.culvert.core.xds.ResourceType;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One type on one stream: what the client wants and what it still has to be sent. Only names wait, never contents: each
 * response carries the state of the moment in which it is made, so a slow client is sent the latest and skips what was
 * between. Owned by: the stream's thread.
 */
final class TypeStream {
    private static final String EVERYTHING = "*";
    static final int MAX_RESOURCES = 1_000;
    /** Below the 4 MiB that gRPC clients take by default. */
    static final int MAX_BYTES = 3 << 20;

    private final ResourceType type;
    private final XdsCache cache;
    private final String node;

    private boolean wildcard;
    /** What an on-demand client asked for, as it named it. */
    private final Set<String> keys = new HashSet<>();
    /** Names that an on-demand client has been told of. */
    private final Set<String> told = new HashSet<>();
    /** Names of the round that is being sent; its responses belong together. */
    private final LinkedHashSet<String> round = new LinkedHashSet<>();
    /** Names for the next round. */
    private final LinkedHashSet<String> next = new LinkedHashSet<>();

    private boolean first = true;
    private boolean owesAnswer;
    private long seenRevision;
    private long sentRevision;
    private long ackedRevision;
    private long nonce;
    private @Nullable String nack;

    TypeStream(ResourceType type, XdsCache cache, String node) {
        this.type = type;
        this.cache = cache;
        this.node = node;
    }

    void onRequest(DeltaDiscoveryRequest request) {
        if (!request.getResponseNonce().isEmpty()) {
            onAnswer(request);
        }
        boolean unsubscribesAll = request.getResourceNamesUnsubscribeList().contains(EVERYTHING);
        if (first) {
            first = false;
            owesAnswer = true;
            seenRevision = cache.revision();
            // A first request that names nothing means everything, unless it says otherwise.
            wildcard = !unsubscribesAll
                    && (request.getResourceNamesSubscribeCount() == 0
                            || request.getResourceNamesSubscribeList().contains(EVERYTHING));
            start(request);
        } else if (unsubscribesAll) {
            wildcard = false;
        } else if (request.getResourceNamesSubscribeList().contains(EVERYTHING) && !wildcard) {
            wildcard = true;
            owesAnswer = true;
            add(cache.differing(type, java.util.Map.of()));
        }
        for (String key : request.getResourceNamesUnsubscribeList()) {
            keys.remove(key);
        }
        for (String key : request.getResourceNamesSubscribeList()) {
            if (!key.equals(EVERYTHING)) {
                subscribe(key, request.getInitialResourceVersionsMap().get(key));
            }
        }
    }

    private void start(DeltaDiscoveryRequest request) {
        if (wildcard) {
            add(cache.differing(type, request.getInitialResourceVersionsMap()));
            return;
        }
        // What it has from before and what may have changed since.
        told.addAll(request.getInitialResourceVersionsMap().keySet());
        for (String name : request.getInitialResourceVersionsMap().keySet()) {
            CachedResource resource = cache.get(type, name);
            if (resource == null
                    || !resource.version()
                            .equals(request.getInitialResourceVersionsMap().get(name))) {
                add(List.of(name));
            }
        }
        if (type == ResourceType.ADDRESS && !node.isEmpty()) {
            // A node proxy cannot do without the pods of its own node.
            tell(cache.onNode(node), request);
        }
    }

    private void subscribe(String key, @Nullable String version) {
        keys.add(key);
        Set<String> names = cache.resolve(type, key);
        if (names.isEmpty()) {
            // The answer is that there is no such thing, under the name that was asked for.
            add(List.of(key));
            return;
        }
        for (String name : names) {
            CachedResource resource = cache.get(type, name);
            told.add(name);
            if (version == null || resource == null || !resource.version().equals(version)) {
                add(List.of(name));
            }
        }
    }

    private void tell(Set<String> names, DeltaDiscoveryRequest request) {
        for (String name : names) {
            CachedResource resource = cache.get(type, name);
            told.add(name);
            if (resource != null
                    && !resource.version()
                            .equals(request.getInitialResourceVersionsMap().get(name))) {
                add(List.of(name));
            }
        }
    }

    private void onAnswer(DeltaDiscoveryRequest request) {
        String[] parts = request.getResponseNonce().split("-", -1);
        try {
            ackedRevision = Math.max(ackedRevision, Long.parseLong(parts[0]));
        } catch (NumberFormatException e) {
            // A nonce of ours has a number; what has none answers to nothing we sent.
            return;
        }
        nack = request.hasErrorDetail() ? request.getErrorDetail().getMessage() : null;
    }

    /**
     * Takes note of what changed in the cache.
     *
     * @return false when too much time passed to know: the stream has to begin anew
     */
    boolean catchUp() {
        if (first) {
            return true;
        }
        long now = cache.revision();
        List<String> changed = cache.changedSince(type, seenRevision);
        if (changed == null) {
            return false;
        }
        seenRevision = now;
        for (String name : changed) {
            if (wildcard || concerns(name)) {
                add(List.of(name));
            }
        }
        return true;
    }

    private boolean concerns(String name) {
        CachedResource resource = cache.get(type, name);
        boolean wanted = told.contains(name)
                || keys.contains(name)
                || (resource != null
                        && ((type == ResourceType.ADDRESS
                                        && !node.isEmpty()
                                        && resource.node().equals(node))
                                || resource.aliases().stream().anyMatch(keys::contains)
                                || resource.services().stream().anyMatch(told::contains)));
        if (wanted && resource != null && told.add(name)) {
            // A service that has just come brings its endpoints.
            for (String endpoint : cache.resolve(type, name)) {
                told.add(endpoint);
                add(List.of(endpoint));
            }
        }
        return wanted;
    }

    private void add(List<String> names) {
        for (String name : names) {
            if (!round.contains(name)) {
                next.add(name);
            }
        }
    }

    int pending() {
        return round.size() + next.size();
    }

    /** Whether there is a resource to send, not only removals. */
    boolean hasAdditions() {
        beginRound();
        return owesAnswer || anyLeft(false);
    }

    /** Whether there is anything to send. */
    boolean hasAnything() {
        return owesAnswer || pending() > 0;
    }

    private void beginRound() {
        if (round.isEmpty()) {
            round.addAll(next);
            next.clear();
        }
    }

    private boolean anyLeft(boolean removals) {
        for (String name : round) {
            if (removals || cache.get(type, name) != null) {
                return true;
            }
        }
        return false;
    }

    /**
     * The next response; each name is looked up now.
     *
     * @param removals whether removals may go now too; else they wait in the round
     */
    DeltaDiscoveryResponse take(boolean removals) {
        beginRound();
        DeltaDiscoveryResponse.Builder response =
                DeltaDiscoveryResponse.newBuilder().setTypeUrl(type.url());
        long revision = cache.revision();
        int bytes = 0;
        var names = round.iterator();
        while (names.hasNext() && response.getResourcesCount() + response.getRemovedResourcesCount() < MAX_RESOURCES) {
            String name = names.next();
            CachedResource resource = cache.get(type, name);
            if (resource == null && !removals) {
                continue;
            }
            int size = resource == null ? name.length() : resource.resource().getSerializedSize();
            if (bytes > 0 && bytes + size > MAX_BYTES) {
                break;
            }
            bytes += size;
            names.remove();
            if (resource == null) {
                response.addRemovedResources(name);
                told.remove(name);
            } else {
                response.addResources(resource.resource());
            }
        }
        owesAnswer = false;
        sentRevision = revision;
        return response.setNonce(revision + "-" + ++nonce)
                .setSystemVersionInfo(new PartMarker(revision, anyLeft(removals)).toString())
                .build();
    }

    AgentStatus.TypeStatus status() {
        return new AgentStatus.TypeStatus(wildcard, sentRevision, ackedRevision, pending(), nack);
    }
}
