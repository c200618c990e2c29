package io.culvert.core.xds;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.culvert.core.mesh.AddressDecoder;
import io.culvert.core.mesh.HashTrie;
import io.culvert.core.mesh.InvalidResourceException;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.Policy;
import io.culvert.core.mesh.ResourceDecoder;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.proto.route.Document;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.culvert.proto.xds.Resource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the client holds of one type: the accepted resources with their versions, and what was refused. A bad resource is
 * refused alone. Owned by: the client's thread.
 */
final class Subscription {
    /** istiod takes requests of 4 MiB; a longer list of versions is left out and the answer taken for all there is. */
    private static final int MAX_VERSION_BYTES = 3 << 20;

    private final ResourceType type;
    private final AddressDecoder addresses;
    private final HashTrie.Edit<String, StoredResource> stored =
            HashTrie.<String, StoredResource>empty().edit();
    private final Map<String, String> rejected = new HashMap<>();
    /** Names whose version was not told on this stream: its first answer names them, or they are gone. */
    private final Set<String> unconfirmed = new HashSet<>();

    private final Map<String, @Nullable Document> documents = new LinkedHashMap<>();

    /** @param node whose pods are told more of than others */
    Subscription(ResourceType type, String node) {
        this.type = type;
        addresses = new AddressDecoder(node);
    }

    ResourceType type() {
        return type;
    }

    /** The accepted resources by name, as they are now. */
    HashTrie<String, StoredResource> stored() {
        return stored.done();
    }

    /** The documents that changed since the last call; null for one that is gone. */
    Map<String, @Nullable Document> takeDocuments() {
        Map<String, @Nullable Document> taken = new LinkedHashMap<>(documents);
        documents.clear();
        return taken;
    }

    /** Whether a resource of that name was accepted. */
    boolean has(String name) {
        return stored.get(name) != null;
    }

    /** How many were accepted. */
    int count() {
        return stored.size();
    }

    Map<String, String> rejected() {
        return rejected;
    }

    /**
     * The versions to tell on a new stream: of what is held. A refused version is never among them; the last good
     * version of the same resource is.
     */
    Map<String, String> initialVersions() {
        Map<String, String> versions = new HashMap<>();
        long bytes = 0;
        unconfirmed.clear();
        for (var entry : stored().entrySet()) {
            versions.put(entry.getKey(), entry.getValue().version());
            bytes += entry.getKey().length() + entry.getValue().version().length() + 8;
        }
        if (bytes > MAX_VERSION_BYTES) {
            versions.clear();
            unconfirmed.addAll(stored().keySet());
        }
        for (String name : rejected.keySet()) {
            if (!has(name)) {
                unconfirmed.add(name);
            }
        }
        return versions;
    }

    /** The first answer of a stream is complete: what it had to name and did not is gone. */
    void removeUnconfirmed(MeshUpdate.Builder into) {
        Set.copyOf(unconfirmed).forEach(name -> remove(name, into));
        unconfirmed.clear();
    }

    /**
     * Decodes a response.
     *
     * @param into takes what is good
     * @param onWorkload is told of each good workload
     * @return name to reason of what was refused, or applied only in a form that denies
     */
    Map<String, String> accept(
            DeltaDiscoveryResponse response, MeshUpdate.Builder into, Consumer<Workload> onWorkload) {
        Map<String, String> faults = new LinkedHashMap<>();
        for (Resource resource : response.getResourcesList()) {
            String fault = accept(resource, into, onWorkload);
            unconfirmed.remove(resource.getName());
            if (fault == null) {
                rejected.remove(resource.getName());
            } else {
                faults.put(resource.getName(), fault);
                rejected.put(resource.getName(), fault);
            }
        }
        for (String name : response.getRemovedResourcesList()) {
            remove(name, into);
            unconfirmed.remove(name);
        }
        return faults;
    }

    private void remove(String name, MeshUpdate.Builder into) {
        stored.remove(name);
        rejected.remove(name);
        switch (type) {
            case ADDRESS -> into.removeAddress(name);
            case AUTHORIZATION -> into.removePolicy(name);
            case DOCUMENT -> documents.put(name, null);
        }
    }

    private @Nullable String accept(Resource resource, MeshUpdate.Builder into, Consumer<Workload> onWorkload) {
        String name = resource.getName();
        try {
            if (!resource.getResource().getTypeUrl().equals(type.url())) {
                throw new InvalidResourceException(
                        "is of type " + resource.getResource().getTypeUrl() + " in a response for " + type.url());
            }
            ByteString bytes = resource.getResource().getValue();
            String key = name;
            String fault = null;
            switch (type) {
                case ADDRESS -> key = address(name, bytes, into, onWorkload);
                case AUTHORIZATION -> fault = authorization(name, bytes, into);
                case DOCUMENT -> documents.put(name, Document.parseFrom(bytes));
            }
            stored.put(key, new StoredResource(resource.getVersion(), bytes));
            return fault;
        } catch (InvalidProtocolBufferException | InvalidResourceException e) {
            String reason = String.valueOf(e.getMessage());
            if (type == ResourceType.AUTHORIZATION && !has(name)) {
                // Unreadable and never readable before: whom it denies is not known, so it denies its namespace.
                into.put(ResourceDecoder.unreadablePolicy(name, reason));
            }
            return reason;
        }
    }

    /** Returns the name as the state has it: one object for both. */
    private String address(String name, ByteString bytes, MeshUpdate.Builder into, Consumer<Workload> onWorkload)
            throws InvalidProtocolBufferException, InvalidResourceException {
        Record decoded = addresses.decode(name, bytes);
        if (decoded instanceof Workload workload) {
            into.put(workload);
            onWorkload.accept(workload);
            return workload.uid();
        }
        Service service = (Service) decoded;
        into.put(service);
        return service.key();
    }

    private static @Nullable String authorization(String name, ByteString bytes, MeshUpdate.Builder into)
            throws InvalidProtocolBufferException {
        Policy policy = ResourceDecoder.policy(name, bytes);
        into.put(policy);
        return policy.faults().isEmpty() ? null : "applied so that it denies: " + String.join("; ", policy.faults());
    }

    /** Takes a resource from the last good state. */
    @Nullable
    String restore(Resource resource, MeshUpdate.Builder into) {
        return accept(resource, into, w -> {});
    }
}
