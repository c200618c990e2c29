package io.culvert.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A pod: processes of this machine in namespaces of their own. It plays the part of kubelet for one pod: network, CNI
 * call, processes, probes, restarts, in that order. Any thread.
 */
public final class LabPod {
    /** Where it is in its life; PENDING -> RUNNING -> (SUCCEEDED | FAILED), and TERMINATING from each. */
    public enum Phase {
        PENDING,
        RUNNING,
        SUCCEEDED,
        FAILED,
        TERMINATING
    }

    /** What a pod needs from its lab. Immutable. */
    record Host(
            ScheduledExecutorService probes,
            ProbeRunner runner,
            Consumer<LabPod> changed,
            Optional<CniClient> cni,
            Function<String, Optional<Cgroup>> cgroups,
            BiFunction<LabPod, Netns, Optional<MeshProcess>> process) {}

    private static final Duration EXEC_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration CNI_RETRY = Duration.ofMillis(300);
    private static final Duration FIRST_BACKOFF = Duration.ofMillis(500);
    private static final Duration LAST_BACKOFF = Duration.ofSeconds(20);

    private final PodSpec spec;
    private final LabNode node;
    private final Netns netns;
    private final Path files;
    private final Host host;
    private final List<String> ips;
    private final Optional<Cgroup> cgroup;
    private final Optional<MeshProcess> process;
    private final String port;
    private final String uid = UUID.randomUUID().toString();
    private final Instant created = Instant.now();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final List<PodContainer> containers = new CopyOnWriteArrayList<>();
    private volatile Resource resource;
    private volatile Phase phase = Phase.PENDING;
    private volatile boolean attached;
    private volatile String trouble = "";
    private volatile @Nullable Sandbox sandbox;
    private @Nullable Thread worker;
    private @Nullable NamespaceSockets sockets;
    private String hostNames = "";

    LabPod(PodSpec spec, LabNode node, Netns netns, Path files, Host host) {
        this.spec = spec;
        this.resource = spec.resource();
        this.node = node;
        this.netns = netns;
        this.files = files;
        this.host = host;
        this.cgroup = host.cgroups().apply(uid);
        int ordinal = node.nextPod();
        this.ips = node.addresses().pod(ordinal);
        this.port = "pod" + ordinal;
        this.process = host.process().apply(this, netns);
    }

    public String name() {
        return spec.name();
    }

    public String namespace() {
        return spec.namespace();
    }

    /** {@code name.namespace}, as commands take it. */
    public String fullName() {
        return name() + "." + namespace();
    }

    public String uid() {
        return uid;
    }

    public LabNode node() {
        return node;
    }

    public String ip4() {
        return ips.getFirst();
    }

    public String ip6() {
        return ips.getLast();
    }

    public Phase phase() {
        return phase;
    }

    /** The file of its network namespace. */
    public Path networkNamespace() {
        return netns.path();
    }

    /** Whether it runs and its probes say that it can serve. */
    public boolean ready() {
        return phase == Phase.RUNNING
                && !containers.isEmpty()
                && containers.stream().allMatch(PodContainer::ready);
    }

    /** What keeps it from being ready, for people; empty when nothing does. */
    public String trouble() {
        if (!trouble.isEmpty() || ready()) {
            return trouble;
        }
        return containers.stream()
                .filter(container -> !container.ready())
                .map(PodContainer::trouble)
                .findFirst()
                .orElse("its processes are not started yet");
    }

    /** What its processes wrote so far. */
    public String log() {
        StringBuilder text = new StringBuilder();
        for (ContainerSpec container : spec.containers()) {
            try {
                text.append(Files.exists(log(container)) ? Files.readString(log(container)) : "");
            } catch (IOException e) {
                text.append("cannot read ").append(log(container)).append(": ").append(e);
            }
        }
        return text.toString();
    }

    /** The log of the mesh's own process in its network, "" when it has none. */
    public String meshLog() {
        return process.map(MeshProcess::log).orElse("");
    }

    /** The process id of the mesh's own process in its network. */
    public long meshPid() {
        return process.orElseThrow(() -> new LabException("pod " + fullName() + " is no waypoint"))
                .pid();
    }

    /** Runs a command in its first container and waits for its end (a minute at most). */
    public ExecResult exec(String... command) {
        return exec(EXEC_TIMEOUT, command);
    }

    /** Runs a command in its first container for at most {@code timeout}. */
    public ExecResult exec(Duration timeout, String... command) {
        ExecResult result = Command.attempt(command(List.of(command)), "", timeout);
        List<String> shown = new ArrayList<>(List.of(fullName() + ":"));
        shown.addAll(List.of(command));
        return new ExecResult(shown, result.exit(), result.out(), result.err());
    }

    /** Runs a shell script in its first container. */
    public ExecResult sh(String script) {
        return exec("sh", "-c", script);
    }

    /** The command line that runs {@code command} in its first container, for a process of the caller's own making. */
    public List<String> command(List<String> command) {
        Sandbox running = sandbox;
        if (running == null) {
            throw new LabException("pod " + fullName() + " has no processes yet: " + trouble());
        }
        return running.enter(spec.containers().getFirst(), command);
    }

    /** Sockets in its network namespace, for clients and servers of this process. The pod closes them at its end. */
    public synchronized NamespaceSockets sockets() {
        if (sockets == null) {
            sockets = new NamespaceSockets(netns);
        }
        return sockets;
    }

    /** Stops the processes of its containers as a crash would, without the restart that follows one. */
    public void stopProcesses() {
        containers.forEach(container -> container.halt(Duration.ofSeconds(5)));
    }

    /** Starts the processes again that {@link #stopProcesses} stopped. */
    public void startProcesses() {
        containers.forEach(PodContainer::resume);
    }

    /**
     * Ends the pod's processes and starts them again in new namespaces under the same names and addresses, as a runtime
     * does whose sandbox died.
     */
    public void replaceNamespace() {
        containers.forEach(container -> container.stop(Duration.ZERO));
        containers.clear();
        Sandbox running = sandbox;
        if (running != null) {
            running.close();
        }
        closeSockets();
        // The kernel takes a namespace's interfaces away some time after its end; the port's name is needed now.
        Command.run(node.netns().enter(List.of("ip", "link", "delete", port)), "");
        netns.delete();
        attached = false;
        phase = Phase.PENDING;
        run();
    }

    Resource resource() {
        return resource;
    }

    /** Takes over labels and annotations of {@code changed}, which describes the same pod. */
    void resource(Resource changed) {
        resource = changed;
    }

    PodSpec spec() {
        return spec;
    }

    List<String> ips() {
        return ips;
    }

    Instant created() {
        return created;
    }

    /** Whether the CNI call has returned, so that its addresses may be told. */
    boolean attached() {
        return attached;
    }

    /** Replaces the content of its /etc/hosts, unless it is the same. */
    synchronized void hostNames(String text) {
        if (!text.equals(hostNames)) {
            HostsFile.write(files.resolve("hosts"), text);
            hostNames = text;
        }
    }

    int restarts() {
        return containers.stream().mapToInt(PodContainer::restarts).sum();
    }

    /** Starts it on a thread of its own; {@code Host.changed} is called at each step. */
    void start() {
        Thread thread = new Thread(this::run, "pod-" + fullName());
        thread.setDaemon(true);
        worker = thread;
        thread.start();
    }

    /** Ends its processes and removes its namespaces; {@code announce} tells the agent as a runtime would. */
    void terminate(boolean announce) {
        phase = Phase.TERMINATING;
        stopping.countDown();
        if (announce) {
            host.changed().accept(this);
        }
        awaitWorker();
        process.ifPresent(mesh -> mesh.stop(announce ? spec.grace() : Duration.ZERO));
        containers.forEach(container -> container.stop(announce ? spec.grace() : Duration.ZERO));
        Sandbox running = sandbox;
        if (running != null) {
            running.close();
        }
        closeSockets();
        if (announce) {
            detach();
            netns.delete();
        }
    }

    private void run() {
        try {
            host.changed().accept(this);
            Fabric.addPod(netns, node.netns(), node.addresses(), ips, port);
            if (!attach()) {
                return;
            }
            attached = true;
            host.changed().accept(this);
            Files.writeString(
                    files.resolve("resolv.conf"), "# names are in /etc/hosts\noptions timeout:1 attempts:1\n");
            Sandbox made = Sandbox.start(netns, files, name(), cgroup);
            sandbox = made;
            for (ContainerSpec container : spec.containers()) {
                containers.add(new PodContainer(this, host, new Container(container, made, log(container)), made));
            }
            process.ifPresent(MeshProcess::start);
            phase = Phase.RUNNING;
            containers.forEach(PodContainer::start);
            host.changed().accept(this);
        } catch (LabException | IOException e) {
            trouble = String.valueOf(e.getMessage());
            phase = phase == Phase.TERMINATING ? phase : Phase.FAILED;
            host.changed().accept(this);
        }
    }

    /** Calls the agent until it answers well, as kubelet does; false when the pod is ended meanwhile. */
    private boolean attach() {
        if (host.cni().isEmpty()) {
            return true;
        }
        while (true) {
            try {
                host.cni().get().add(attachment());
                trouble = "";
                return true;
            } catch (IOException e) {
                trouble = "CNI: " + e.getMessage();
            }
            try {
                if (stopping.await(CNI_RETRY.toMillis(), TimeUnit.MILLISECONDS)) {
                    return false;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    private void detach() {
        host.cni().ifPresent(cni -> {
            try {
                cni.del(attachment());
            } catch (IOException e) {
                // A runtime goes on, too: the agent sees the pod leave the mesh state.
                trouble = "CNI: " + e.getMessage();
            }
        });
    }

    private CniClient.Attachment attachment() {
        return new CniClient.Attachment(
                namespace(),
                name(),
                uid,
                uid,
                netns.path(),
                ips,
                List.of(node.addresses().gateway4(), node.addresses().gateway6()));
    }

    /** A container's process ended and is not to be started again. */
    void ended(int status) {
        if (phase == Phase.RUNNING) {
            phase = status == 0 ? Phase.SUCCEEDED : Phase.FAILED;
            trouble = "a container ended with status " + status;
        }
        host.changed().accept(this);
    }

    boolean restartsContainers() {
        return spec.restart() && phase == Phase.RUNNING;
    }

    /** Kubelet's back-off, shortened: twice as long each time. */
    static Duration backoff(int restarts) {
        Duration delay = FIRST_BACKOFF.multipliedBy(1L << Math.min(restarts, 10));
        return delay.compareTo(LAST_BACKOFF) < 0 ? delay : LAST_BACKOFF;
    }

    InetAddress probeAddress() {
        try {
            return InetAddress.getByName(ip4());
        } catch (UnknownHostException e) {
            throw new LabException("the pod's address " + ip4() + " is none", e);
        }
    }

    private Path log(ContainerSpec container) {
        return files.resolve(container.name() + ".log");
    }

    private synchronized void closeSockets() {
        if (sockets != null) {
            sockets.close();
            sockets = null;
        }
    }

    private void awaitWorker() {
        Thread running = worker;
        if (running == null || running.equals(Thread.currentThread())) {
            return;
        }
        try {
            running.join(Duration.ofSeconds(40));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
