package io.culvert.core.mesh;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Changes that are applied together; of two for one name the later counts. Immutable once built. */
public final class MeshUpdate {
    /** Workload, Service, or empty for "gone". */
    private final Map<String, Optional<Record>> addresses;
    /** Policy, or empty for "gone". */
    private final Map<String, Optional<Policy>> policies;

    private MeshUpdate(Map<String, Optional<Record>> addresses, Map<String, Optional<Policy>> policies) {
        this.addresses = addresses;
        this.policies = policies;
    }

    /** An empty builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether there is nothing in it. */
    public boolean isEmpty() {
        return addresses.isEmpty() && policies.isEmpty();
    }

    Map<String, Optional<Record>> addresses() {
        return addresses;
    }

    Map<String, Optional<Policy>> policies() {
        return policies;
    }

    /** Collects changes. Owned by: whoever made it. */
    public static final class Builder {
        private Map<String, Optional<Record>> addresses = new LinkedHashMap<>();
        private Map<String, Optional<Policy>> policies = new LinkedHashMap<>();

        private Builder() {}

        /** Adds or replaces a workload. */
        @CanIgnoreReturnValue
        public Builder put(Workload workload) {
            addresses.put(workload.uid(), Optional.of(workload));
            return this;
        }

        /** Adds or replaces a service. */
        @CanIgnoreReturnValue
        public Builder put(Service service) {
            addresses.put(service.key(), Optional.of(service));
            return this;
        }

        /** Adds or replaces a policy. */
        @CanIgnoreReturnValue
        public Builder put(Policy policy) {
            policies.put(policy.key(), Optional.of(policy));
            return this;
        }

        /** Removes the workload of that uid or the service of that key, if there is one. */
        @CanIgnoreReturnValue
        public Builder removeAddress(String name) {
            addresses.put(name, Optional.empty());
            return this;
        }

        /** Removes a policy, if there is one. */
        @CanIgnoreReturnValue
        public Builder removePolicy(String key) {
            policies.put(key, Optional.empty());
            return this;
        }

        /** Everything since the last call; not a copy, which of a large mesh would be megabytes. */
        public MeshUpdate build() {
            MeshUpdate built = new MeshUpdate(addresses, policies);
            addresses = new LinkedHashMap<>();
            policies = new LinkedHashMap<>();
            return built;
        }
    }
}
