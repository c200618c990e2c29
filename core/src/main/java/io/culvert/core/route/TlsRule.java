package io.culvert.core.route;

import java.util.List;

/**
 * TLS by server name, passed through. Immutable.
 *
 * @param serverNames exact, or with {@code *.} in front, lower case; empty: any
 */
public record TlsRule(String name, List<String> serverNames, List<WeightedBackend> backends) {
    public TlsRule {
        serverNames = List.copyOf(serverNames);
        backends = List.copyOf(backends);
    }
}
