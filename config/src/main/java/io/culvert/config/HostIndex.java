package io.culvert.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * Resources of Istio's by the hosts that they are for. Owned by: the compiler's thread.
 *
 * @param <R> what is for hosts
 */
final class HostIndex<R extends Resource> {
    /** That what is for one whole name, or one wildcard, is as it is. */
    private record For(Kind kind, String host) {}

    /** That the wildcards are those which there are. */
    private record Wildcards(Kind kind) {}

    /** A resource, and the host by which it was found. */
    record Hit<R extends Resource>(String host, R resource) {}

    private static final Comparator<Hit<?>> PRECEDENCE = Comparator.<Hit<?>>comparingInt(
                    hit -> Hosts.isWildcard(hit.host()) ? 1 : 0)
            .thenComparingInt(hit -> -hit.host().length())
            .thenComparing(hit -> new CompiledRoute.Age(
                    hit.resource().meta().created(), hit.resource().key()));

    private final Kind kind;
    private final MultiMap<String, R> byHost = new MultiMap<>();

    HostIndex(Kind kind) {
        this.kind = kind;
    }

    void add(String host, R resource, Consumer<Object> touch) {
        byHost.add(host, resource);
        touched(host, touch);
    }

    void remove(String host, R resource, Consumer<Object> touch) {
        byHost.remove(host, resource);
        touched(host, touch);
    }

    private void touched(String host, Consumer<Object> touch) {
        touch.accept(Hosts.isWildcard(host) ? new Wildcards(kind) : new For(kind, host));
    }

    /** All that are for a whole name: by the name itself, then by the longest wildcard; the older first. */
    List<Hit<R>> find(String whole, Scope scope) {
        scope.reads(new For(kind, whole));
        scope.reads(new Wildcards(kind));
        List<Hit<R>> hits = new ArrayList<>();
        byHost.get(whole).forEach(resource -> hits.add(new Hit<>(whole, resource)));
        for (int dot = whole.indexOf('.'); dot >= 0; dot = whole.indexOf('.', dot + 1)) {
            String wildcard = "*" + whole.substring(dot);
            byHost.get(wildcard).forEach(resource -> hits.add(new Hit<>(wildcard, resource)));
        }
        byHost.get("*").forEach(resource -> hits.add(new Hit<>("*", resource)));
        hits.sort(PRECEDENCE);
        return hits;
    }
}
