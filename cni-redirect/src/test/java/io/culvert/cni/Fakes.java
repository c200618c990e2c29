package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import io.culvert.proto.node.ExistingConnections;
import io.culvert.proto.node.PodReport;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The controller's neighbours, stepped by hand on one thread; all write what they are asked into one log. */
final class Fakes {
    final List<String> log = Collections.synchronizedList(new ArrayList<>());
    final Time time = new Time();
    final Backend backend = new Backend("fake");
    final Proxy proxy = new Proxy();
    final Directory directory = new Directory();
    final Reporter reporter = new Reporter();
    final Namespaces namespaces = new Namespaces();

    static PodSpec pod(String name, boolean enrolled) {
        return pod(name, enrolled, "pod-" + name, ExistingConnections.KEEP, 0);
    }

    static PodSpec pod(String name, boolean enrolled, String podUid, ExistingConnections existing, int drainSeconds) {
        return new PodSpec(
                "c//Pod/ns/" + name,
                podUid,
                "ns",
                name,
                "sa",
                enrolled,
                enrolled ? "" : "no label",
                existing,
                drainSeconds,
                List.of(),
                Excludes.NONE,
                List.of());
    }

    /** A clock that only moves when told, and tasks that run when it does. */
    static final class Time implements CaptureScheduler {
        private record Timer(Instant at, long order, Runnable task) {}

        private final Queue<Runnable> ready = new ArrayDeque<>();
        private final PriorityQueue<Timer> timers =
                new PriorityQueue<>(java.util.Comparator.comparing(Timer::at).thenComparingLong(Timer::order));
        private Instant now = Instant.parse("2026-01-01T00:00:00Z");
        private long order;

        @Override
        public Instant now() {
            return now;
        }

        @Override
        public void execute(Runnable task) {
            ready.add(task);
        }

        @Override
        public void after(Duration delay, Runnable task) {
            timers.add(new Timer(now.plus(delay), order++, task));
        }

        /** Runs all that is ready, and what that makes ready. */
        void run() {
            for (Runnable task = ready.poll(); task != null; task = ready.poll()) {
                task.run();
            }
        }

        void pass(Duration duration) {
            Instant end = now.plus(duration);
            run();
            for (Timer next = timers.peek(); next != null && !next.at().isAfter(end); next = timers.peek()) {
                timers.remove();
                now = next.at();
                next.task().run();
                run();
            }
            now = end;
        }
    }

    final class Backend implements RuleBackend {
        private final String name;
        /** What stands in the namespaces, by path. */
        final Map<String, RuleSet> rules = new ConcurrentHashMap<>();

        @Nullable
        String refusal;

        @Nullable
        String unreadable;

        boolean refuseCgroups;
        boolean told = true;
        int verified;

        Backend(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean toldOfChanges() {
            return told;
        }

        @Override
        public Applied apply(NetworkNamespace namespace, RuleSet set, Runnable loaded) throws CaptureException {
            if (refusal != null) {
                throw new CaptureException(refusal);
            }
            boolean cgroup = set.toText().contains("cgroup");
            if (refuseCgroups && cgroup) {
                throw new CaptureException("no such match");
            }
            boolean draining = set.rules(Chain.NAT_OUTPUT).isEmpty();
            log.add(draining ? "flush" : cgroup ? "apply with cgroup" : "apply");
            rules.put(namespace.path().toString(), set);
            namespaces.changed = true;
            loaded.run();
            return new Applied(set, set.toText(), true);
        }

        @Override
        public List<Drift> verify(NetworkNamespace namespace, Applied applied) throws CaptureException {
            verified++;
            if (unreadable != null) {
                throw new CaptureException(unreadable);
            }
            return rules.containsValue(applied.rules()) ? List.of() : List.of(new Drift(Part.RULES, "flushed"));
        }

        @Override
        public void removeRules(NetworkNamespace namespace) {
            rules.remove(namespace.path().toString());
        }

        @Override
        public void remove(NetworkNamespace namespace) {
            log.add("remove");
            removeRules(namespace);
        }
    }

    final class Proxy implements PodProxy {
        final Map<String, NetworkNamespace.Id> listening = new ConcurrentHashMap<>();
        final Map<String, Integer> connections = new ConcurrentHashMap<>();
        /** Not null: what start answers instead of success. */
        @Nullable
        CompletableFuture<Void> next;

        @Override
        public CompletionStage<Void> start(PodSpec pod, NetworkNamespace namespace) {
            log.add("start " + pod.name());
            CompletableFuture<Void> answer = next == null ? CompletableFuture.completedFuture(null) : next;
            if (!answer.isCompletedExceptionally()) {
                listening.put(pod.uid(), namespace.id());
            }
            return answer;
        }

        @Override
        public CompletionStage<Void> stop(String uid, boolean immediate) {
            log.add(immediate ? "stop now" : "stop");
            listening.remove(uid);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public boolean listening(String uid) {
            return listening.containsKey(uid);
        }

        @Override
        public int openConnections(String uid) {
            return connections.getOrDefault(uid, 0);
        }
    }

    static final class Directory implements PodDirectory {
        private final Map<String, PodSpec> specs = new ConcurrentHashMap<>();
        private final List<Runnable> listeners = new ArrayList<>();

        void put(PodSpec spec) {
            specs.put(spec.uid(), spec);
            listeners.forEach(Runnable::run);
        }

        @Override
        public List<PodSpec> pods() {
            return List.copyOf(specs.values());
        }

        @Override
        public void addListener(Runnable onChanged) {
            listeners.add(onChanged);
        }
    }

    final class Reporter implements PodReporter {
        final Map<String, String> last = new ConcurrentHashMap<>();

        @Override
        public void report(String uid, PodReport.State state, String reason, int unproxied) {
            log.add("report " + state);
            last.put(uid, state + " " + unproxied + " " + reason);
        }

        @Override
        public void forget(String uid) {
            log.add("forget");
            last.remove(uid);
        }

        String of(String name) {
            return last.getOrDefault("c//Pod/ns/" + name, "nothing");
        }
    }

    final class Namespaces implements PodNamespaces {
        List<TcpSockets.Connection> connections = List.of();
        boolean carries = true;
        /** Whether the next drain tells of a change; false again with it. */
        boolean changed;

        int watched;

        @Override
        public boolean carries(NetworkNamespace namespace, List<InetAddress> addresses) {
            return carries;
        }

        @Override
        public NamespaceChanges watch(NetworkNamespace namespace) {
            watched++;
            return new NamespaceChanges() {
                @Override
                public boolean drain() {
                    boolean was = changed;
                    changed = false;
                    return was;
                }

                @Override
                public void close() {
                    watched--;
                }
            };
        }

        @Override
        public List<TcpSockets.Connection> connections(NetworkNamespace namespace) {
            return connections;
        }

        @Override
        public int end(NetworkNamespace namespace, List<TcpSockets.Connection> ended) {
            log.add("reset " + ended.size());
            List<TcpSockets.Connection> left = new ArrayList<>(connections);
            left.removeAll(ended);
            connections = left;
            return ended.size();
        }
    }
}
