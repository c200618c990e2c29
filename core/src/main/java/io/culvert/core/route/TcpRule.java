package io.culvert.core.route;

import java.util.List;

/** Bytes to one of several backends, chosen per connection by weight; an invalid one resets. Immutable. */
public record TcpRule(String name, List<WeightedBackend> backends) {
    public TcpRule {
        backends = List.copyOf(backends);
    }
}
