package io.culvert.lab;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs one probe of one container again and again and tells when its result changes. A readiness probe asks four times
 * a second until its first success, so that a pod is ready soon after it could be; the others count their failures. Owned by: its executor, one run at a time.
 */
final class ProbeLoop {
    private static final Duration EAGER = Duration.ofMillis(250);

    private final ProbeSpec spec;
    private final Supplier<ProbeRunner.Outcome> probe;
    private final BooleanSupplier wanted;
    private final Consumer<Boolean> onChange;
    private final ScheduledExecutorService executor;
    private final boolean eager;
    private volatile boolean stopped;
    private volatile boolean passing;
    private volatile String detail = "not asked yet";
    private boolean succeededOnce;
    private int streak;
    private boolean streakOf;

    /** {@code wanted} pauses it, for example until the startup probe has passed. */
    ProbeLoop(
            ProbeSpec spec,
            Supplier<ProbeRunner.Outcome> probe,
            BooleanSupplier wanted,
            Consumer<Boolean> onChange,
            ScheduledExecutorService executor,
            boolean passing,
            boolean eager) {
        this.spec = spec;
        this.probe = probe;
        this.wanted = wanted;
        this.onChange = onChange;
        this.executor = executor;
        this.passing = passing;
        this.eager = eager;
    }

    void start() {
        schedule(spec.initialDelay());
    }

    void stop() {
        stopped = true;
    }

    boolean passing() {
        return passing;
    }

    /** What the last run found. */
    String detail() {
        return detail;
    }

    /** Counts anew, after the container was started again. */
    void reset(boolean state) {
        passing = state;
        streak = 0;
        succeededOnce = false;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // run is its end
    private void schedule(Duration delay) {
        if (!stopped) {
            try {
                executor.schedule(this::run, delay.toMillis(), TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                stopped = true;
            }
        }
    }

    private void run() {
        if (stopped) {
            return;
        }
        try {
            if (wanted.getAsBoolean()) {
                judge(probe.get());
            }
        } finally {
            boolean soon = eager && !succeededOnce && EAGER.compareTo(spec.period()) < 0;
            schedule(soon ? EAGER : spec.period());
        }
    }

    private void judge(ProbeRunner.Outcome outcome) {
        detail = outcome.detail();
        succeededOnce |= outcome.success();
        streak = streakOf == outcome.success() ? streak + 1 : 1;
        streakOf = outcome.success();
        int threshold = outcome.success() ? spec.successes() : spec.failures();
        if (passing != outcome.success() && streak >= threshold && !stopped) {
            passing = outcome.success();
            onChange.accept(passing);
        }
    }
}
