package io.culvert.lab;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A container of a pod with its probes and its restarts. Any thread. */
final class PodContainer {
    private enum Kind {
        STARTUP,
        READINESS,
        LIVENESS
    }

    private static final Duration KILL_GRACE = Duration.ofSeconds(5);

    private final LabPod pod;
    private final LabPod.Host host;
    private final Container container;
    private final @Nullable ProbeLoop startup;
    private final @Nullable ProbeLoop readiness;
    private final @Nullable ProbeLoop liveness;
    private volatile boolean halted;

    PodContainer(LabPod pod, LabPod.Host host, Container container, Sandbox sandbox) {
        this.pod = pod;
        this.host = host;
        this.container = container;
        ContainerSpec spec = container.spec();
        this.startup = loop(Kind.STARTUP, spec.startup(), sandbox);
        this.readiness = loop(Kind.READINESS, spec.readiness(), sandbox);
        this.liveness = loop(Kind.LIVENESS, spec.liveness(), sandbox);
    }

    void start() {
        startProcess();
        for (ProbeLoop loop : new ProbeLoop[] {startup, readiness, liveness}) {
            if (loop != null) {
                loop.start();
            }
        }
    }

    boolean ready() {
        return container.running() && started() && (readiness == null || readiness.passing());
    }

    String trouble() {
        String name = "container " + container.spec().name();
        if (!container.running()) {
            return name + " does not run; its log is " + container.log();
        }
        return name + " is not ready: " + (readiness == null ? "startup probe" : readiness.detail());
    }

    int restarts() {
        return container.restarts();
    }

    void stop(Duration grace) {
        halted = true;
        for (ProbeLoop loop : new ProbeLoop[] {startup, readiness, liveness}) {
            if (loop != null) {
                loop.stop();
            }
        }
        container.stop(grace);
    }

    /** Ends the process; probes go on asking. */
    void halt(Duration grace) {
        halted = true;
        container.stop(grace);
    }

    void resume() {
        halted = false;
        startAnew();
    }

    private boolean started() {
        return startup == null || startup.passing();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // onExit is its end
    private void startProcess() {
        container.start().thenAccept(this::onExit);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a lab that closes meanwhile wants no restart
    private void onExit(int status) {
        if (!halted && !pod.restartsContainers()) {
            pod.ended(status);
        }
        host.changed().accept(pod);
        if (halted || !pod.restartsContainers()) {
            return;
        }
        Duration delay = LabPod.backoff(container.restarts());
        host.probes().schedule(this::restart, delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void restart() {
        if (!halted && pod.restartsContainers()) {
            startAnew();
        }
    }

    private void startAnew() {
        if (readiness != null) {
            readiness.reset(false);
        }
        if (startup != null) {
            startup.reset(false);
        }
        if (liveness != null) {
            liveness.reset(true);
        }
        startProcess();
        host.changed().accept(pod);
    }

    private @Nullable ProbeLoop loop(Kind kind, @Nullable ProbeSpec probe, Sandbox sandbox) {
        if (probe == null) {
            return null;
        }
        return new ProbeLoop(
                probe,
                () -> host.runner().run(probe, pod.probeAddress(), sandbox, container.spec()),
                () -> (kind == Kind.STARTUP) != started(),
                passing -> {
                    if (kind == Kind.LIVENESS && !passing && !halted) {
                        container.stop(KILL_GRACE);
                    }
                    host.changed().accept(pod);
                },
                host.probes(),
                kind == Kind.LIVENESS,
                kind == Kind.READINESS);
    }
}
