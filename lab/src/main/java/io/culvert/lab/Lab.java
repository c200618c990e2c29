package io.culvert.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A running cluster. Everything that it makes (namespaces, processes, cgroups, files) carries the number of this
 * process and goes with {@link #close}, or with the next run when this process is killed. Any thread.
 */
public final class Lab implements AutoCloseable {
    private static final int PROBE_THREADS = 4;

    private final RunDirectory run;
    private final Cleaner cleaner;
    private final ConfigDirectory config;
    private final LabOptions options;
    private final Machines machines;
    private final ScheduledExecutorService probes;

    // Under the lock.
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, LabPod> pods = new TreeMap<>();
    private final Map<Resource.Key, Resource> resources = new HashMap<>();
    private final Services services = new Services();
    private Set<Resource.Key> slices = Set.of();
    private Set<LabPod> serving = Set.of();
    private boolean closed;

    private Lab(RunDirectory run, List<Resource> nodes, LabOptions options, Cleaner cleaner) {
        this.run = run;
        this.cleaner = cleaner;
        this.config = new ConfigDirectory(run.config(), run.path().resolve("staging"));
        this.probes = Executors.newScheduledThreadPool(
                PROBE_THREADS, Thread.ofPlatform().daemon().name("kubelet-", 0).factory());
        this.options = options;
        this.machines = new Machines(run, config, nodes, options);
    }

    /**
     * Starts a cluster from Kubernetes YAML that has at least one Node. Returns when its nodes are there and everything
     * is on its way; {@link #awaitReady} waits for the pods.
     *
     * @throws LabException when something of it cannot be had; nothing is left behind then
     */
    public static Lab start(String yaml, LabOptions options) {
        List<Resource> resources = Yaml.load(yaml, "the cluster description");
        List<Resource> machines =
                resources.stream().filter(r -> r.key().kind().equals("Node")).toList();
        if (machines.isEmpty()) {
            throw new LabException("the cluster description has no Node: add at least one");
        }
        Leftovers.sweep(options.progress());
        Cleaner cleaner = new Cleaner();
        return cleaner.make(run -> new Lab(run, machines, options, cleaner), resources);
    }

    /** The directory of this run: logs of agents and pods are below it. */
    public Path directory() {
        return run.path();
    }

    /** The directory that the controller watches. Files of one's own there are part of the cluster's configuration. */
    public Path configDirectory() {
        return run.config();
    }

    public List<LabNode> nodes() {
        return machines.nodes();
    }

    public LabNode node(String name) {
        return machines.node(name);
    }

    /** The controller, or an error in a cluster without a mesh. */
    public ControllerProcess controller() {
        return machines.controller().orElseThrow(() -> new LabException("this cluster was started without a mesh"));
    }

    Optional<ControllerProcess> controllerIfAny() {
        return machines.controller();
    }

    /** The name of the namespace whose bridge {@code br0} joins the nodes. */
    public String linkNamespace() {
        return machines.link().name();
    }

    public List<LabPod> pods() {
        return locked(() -> List.copyOf(pods.values()));
    }

    /**
     * The pod called {@code name} or {@code name.namespace}. The name of a Deployment stands for its first pod, and the
     * namespace may be left out when only one pod answers to the name.
     */
    public LabPod pod(String name) {
        List<LabPod> all = pods();
        List<LabPod> found = all.stream()
                .filter(pod -> pod.fullName().equals(name) || pod.name().equals(name))
                .toList();
        if (found.isEmpty()) {
            found = all.stream().filter(pod -> PodNames.belongsTo(pod, name)).toList();
        }
        long namespaces = found.stream().map(LabPod::namespace).distinct().count();
        if (namespaces != 1) {
            throw new LabException((found.isEmpty() ? "there is no pod " : "more than one namespace has a pod ") + name
                    + "; pods are " + all.stream().map(LabPod::fullName).toList());
        }
        return found.getFirst();
    }

    /** The cluster IPs of a service, IPv4 first; empty when it is headless. */
    public List<String> clusterIps(String namespace, String name) {
        return locked(() -> services.all().stream()
                .filter(service ->
                        service.name().equals(name) && service.namespace().equals(namespace))
                .findFirst()
                .orElseThrow(() -> new LabException("there is no service " + namespace + "/" + name))
                .clusterIps());
    }

    /** Applies resources as kubectl would. */
    public void apply(String yaml) {
        apply(Yaml.load(yaml, "what is applied"));
    }

    /** Deletes a resource; a pod or Deployment is ended before this returns. {@code namespace} is empty for none. */
    public void delete(String kind, String namespace, String name) {
        Resource.Key key = Resource.Key.of(kind, namespace, name);
        AtomicReference<@Nullable Resource> gone = new AtomicReference<>();
        List<LabPod> ending = locked(() -> {
            gone.set(resources.remove(key));
            if (gone.get() == null) {
                throw new LabException("there is no " + key);
            }
            services.remove(key);
            return pods.values().stream()
                    .filter(pod -> PodNames.comesFrom(pod, key))
                    .toList();
        });
        end(ending);
        config.remove(key);
        refresh();
        if (gone.get() != null && Waypoints.isWaypoint(gone.get())) {
            Waypoints.of(gone.get()).forEach(made -> delete(made.key().kind(), namespace, name));
        }
    }

    /**
     * Sets labels of a Namespace or Pod (a null value removes one) and returns when the file is written.
     * {@code namespace} is empty for a Namespace.
     */
    public void label(String kind, String namespace, String name, Map<String, @Nullable String> labels) {
        edit(kind, namespace, name, "labels", labels);
    }

    /** Sets annotations of a Namespace or Pod; a null value removes one. */
    public void annotate(String kind, String namespace, String name, Map<String, @Nullable String> annotations) {
        edit(kind, namespace, name, "annotations", annotations);
    }

    /** Waits until every pod is ready or has succeeded. */
    public void awaitReady(Duration timeout) {
        await(
                () -> pods.values().stream().allMatch(this::settled),
                timeout,
                () -> "pods are not ready: "
                        + pods.values().stream()
                                .filter(pod -> !this.settled(pod))
                                .map(pod -> pod.fullName() + " (" + pod.trouble() + ")")
                                .collect(Collectors.joining(", "))
                        + machines.controller()
                                .map(c -> String.join("\n", c.findings()))
                                .filter(text -> !text.isEmpty())
                                .map(text -> "\nthe controller says of the configuration:\n" + text)
                                .orElse(""));
    }

    /** Waits until {@code pod} is ready, or is not. */
    public void awaitReady(LabPod pod, boolean ready, Duration timeout) {
        await(
                () -> serving.contains(pod) == ready,
                timeout,
                () -> "pod " + pod.fullName() + " is still " + (ready ? "not " : "") + "ready: " + pod.trouble());
    }

    /** Ends every process and removes every namespace and file of this run. */
    @Override
    public void close() {
        cleaner.close();
    }

    RunDirectory run() {
        return run;
    }

    /** As endpoints show it, so that who waits for a pod finds it behind its services. */
    private boolean settled(LabPod pod) {
        return serving.contains(pod)
                || pod.phase() == LabPod.Phase.SUCCEEDED
                || pod.phase() == LabPod.Phase.TERMINATING;
    }

    private void apply(List<Resource> described) {
        List<Resource> wanted = new ArrayList<>(described);
        described.stream().filter(Waypoints::isWaypoint).map(Waypoints::of).forEach(wanted::addAll);
        List<Resource> rest = new ArrayList<>();
        for (Resource resource : wanted) {
            switch (resource.key().kind()) {
                case "Node" -> node(resource.key().name());
                case "Pod", "Deployment" -> rest.add(resource);
                case "Service" -> {
                    Resource shown = locked(() -> services.put(resource));
                    store(shown);
                }
                default -> store(resource);
            }
        }
        refresh();
        for (Resource resource : rest) {
            locked(() -> resources.put(resource.key(), resource));
            if (resource.key().kind().equals("Pod")) {
                applyPods(resource.key(), List.of(PodSpec.of(resource)));
            } else {
                applyPods(resource.key(), PodSpec.ofDeployment(resource));
            }
        }
    }

    private void applyPods(Resource.Key owner, List<PodSpec> wanted) {
        List<LabPod> surplus = locked(() -> pods.values().stream()
                .filter(pod -> PodNames.comesFrom(pod, owner))
                .filter(pod -> wanted.stream().noneMatch(spec -> spec.name().equals(pod.name())))
                .toList());
        for (PodSpec spec : wanted) {
            String name = spec.name() + "." + spec.namespace();
            LabPod known = locked(() -> pods.get(name));
            if (known == null) {
                LabPod pod = makePod(spec);
                locked(() -> pods.put(name, pod));
                pod.start();
            } else if (known.spec()
                    .resource()
                    .tree()
                    .at("spec")
                    .map()
                    .equals(spec.resource().tree().at("spec").map())) {
                known.resource(spec.resource());
                onPodChanged(known);
            } else {
                throw new LabException("the spec of pod " + name + " cannot change while it runs: delete it first");
            }
        }
        end(surplus);
    }

    private LabPod makePod(PodSpec spec) {
        String wanted = spec.node();
        LabNode node = wanted != null ? node(wanted) : leastUsedNode();
        int number = locked(pods::size);
        String name = "pod" + number + "-" + spec.namespace() + "." + spec.name();
        LabPod.Host host = new LabPod.Host(
                probes,
                new ProbeRunner(node.sockets()),
                this::onPodChanged,
                node.agentIfAny().map(agent -> new CniClient(agent.cniSocket())),
                uid -> Cgroup.create(run.pid(), uid),
                (pod, netns) -> Waypoints.process(pod, netns, options, run));
        return new LabPod(spec, node, run.netns(name), run.pod(spec.namespace(), spec.name()), host);
    }

    private LabNode leastUsedNode() {
        return locked(() -> machines.nodes().stream()
                .min((a, b) -> Long.compare(podsOn(a), podsOn(b)))
                .orElseThrow());
    }

    private long podsOn(LabNode node) {
        return pods.values().stream().filter(pod -> pod.node() == node).count();
    }

    /** Ends pods, all at once, and forgets them. */
    private void end(List<LabPod> ending) {
        CompletableFuture.allOf(ending.stream()
                        .map(pod -> CompletableFuture.runAsync(() -> pod.terminate(true), probes))
                        .toArray(CompletableFuture[]::new))
                .join();
        for (LabPod pod : ending) {
            locked(() -> pods.remove(pod.fullName()));
            config.remove(Resource.Key.of("Pod", pod.namespace(), pod.name()));
        }
        if (!ending.isEmpty()) {
            refresh();
        }
    }

    private void edit(String kind, String namespace, String name, String field, Map<String, @Nullable String> changes) {
        if (kind.equals("Pod")) {
            LabPod pod = pod(name + "." + namespace);
            pod.resource(edited(pod.resource(), field, changes));
            onPodChanged(pod);
            return;
        }
        Resource.Key key = Resource.Key.of(kind, namespace, name);
        Resource known = locked(() -> resources.get(key));
        if (known == null || !kind.equals("Namespace")) {
            throw new LabException("only namespaces and pods can be labelled here, and there is no such: " + key);
        }
        store(edited(known, field, changes));
    }

    private static Resource edited(Resource resource, String field, Map<String, @Nullable String> changes) {
        Map<String, Object> tree = Yaml.copy(resource.tree().map());
        Map<String, Object> values = Yaml.child(Yaml.child(tree, "metadata"), field);
        changes.forEach((key, value) -> {
            if (value == null) {
                values.remove(key);
            } else {
                values.put(key, value);
            }
        });
        return resource.with(tree);
    }

    private void store(Resource resource) {
        locked(() -> resources.put(resource.key(), resource));
        config.write(resource);
    }

    private void onPodChanged(LabPod pod) {
        lock.lock();
        try {
            if (closed || pods.get(pod.fullName()) != pod) {
                return;
            }
            config.write(PodManifest.of(pod));
            refresh();
        } finally {
            lock.unlock();
        }
    }

    /** Brings endpoint slices, service rules and host names in line with pods and services. */
    private void refresh() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            // Taken before the rules are made: a pod that turns ready meanwhile is not said to be served by rules
            // without it.
            Set<LabPod> ready = pods.values().stream().filter(LabPod::ready).collect(Collectors.toSet());
            List<ServicePort> ports = new ArrayList<>();
            List<Resource> fresh = new ArrayList<>();
            for (ServiceSpec service : services.all()) {
                List<ServicePort> own = Services.ports(service, pods.values());
                ports.addAll(own);
                fresh.addAll(EndpointSlices.of(service, own));
            }
            fresh.forEach(config::write);
            Set<Resource.Key> keys = fresh.stream().map(Resource::key).collect(Collectors.toSet());
            slices.stream().filter(key -> !keys.contains(key)).forEach(config::remove);
            slices = keys;
            String rules = ServiceRules.render(ports);
            machines.nodes().forEach(node -> node.serviceRules(rules));
            for (LabPod pod : pods.values()) {
                pod.hostNames(HostsFile.render(pod.namespace(), pod.name(), pod.ips(), ports));
            }
            serving = ready;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void await(BooleanSupplier condition, Duration timeout, Supplier<String> complaint) {
        long deadline = System.nanoTime() + timeout.toNanos();
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new LabException("after " + timeout.toMillis() + " ms " + complaint.get());
                }
                changed.awaitNanos(Math.min(left, TimeUnit.MILLISECONDS.toNanos(200)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while waiting for pods", e);
        } finally {
            lock.unlock();
        }
    }

    private <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    private void cleanUp() {
        List<LabPod> all;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            all = List.copyOf(pods.values());
        } finally {
            lock.unlock();
        }
        probes.shutdownNow();
        machines.killMesh();
        all.parallelStream().forEach(pod -> pod.terminate(false));
        machines.close();
    }

    /** Takes everything down, once: when the lab is closed, when it could not be made, or when the process ends. */
    private static final class Cleaner {
        private final Thread hook = new Thread(this::clean, "lab-clean-up");

        // Under the monitor.
        private @Nullable RunDirectory run;
        private @Nullable Lab lab;
        private boolean over;

        /** Before anything is made; fails when the process is ending already. */
        Cleaner() {
            try {
                Runtime.getRuntime().addShutdownHook(hook);
            } catch (IllegalStateException e) {
                throw new LabException("the process is ending: no lab is started", e);
            }
        }

        /** Under the monitor: an end of the process waits, or it would miss what is made while it looks. */
        synchronized Lab make(Function<RunDirectory, Lab> maker, List<Resource> resources) {
            if (over) {
                throw new LabException("the process is ending: no lab is started");
            }
            try {
                run = RunDirectory.create();
                Lab made = maker.apply(run);
                lab = made;
                made.apply(resources);
                return made;
            } catch (RuntimeException e) {
                close();
                throw e;
            }
        }

        void close() {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The process is ending: the hook does the same.
            }
            clean();
        }

        private synchronized void clean() {
            over = true;
            Lab made = lab;
            if (made != null) {
                made.cleanUp();
            }
            if (run != null) {
                Leftovers.remove(run.pid());
            }
        }
    }
}
