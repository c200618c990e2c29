package io.culvert.controlplane;

import io.culvert.config.CompiledDelta;
import io.culvert.config.Diagnostic;
import io.culvert.config.MeshCompiler;
import io.culvert.config.RouteStatus;
import io.culvert.config.SourceChanges;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the compiler on one thread: what has come since the last compilation is compiled together. What waits is bounded by
 * the number of files and pods, because a later change of one replaces the earlier. Offering: any thread.
 */
final class CompileLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CompileLoop.class);

    private final MeshCompiler compiler;
    private final ReportBook book;
    private final Consumer<CompiledDelta> sink;
    private final Semaphore work = new Semaphore(0);
    private final CompletableFuture<Void> first = new CompletableFuture<>();
    private @Nullable Thread thread;
    private volatile List<Diagnostic> diagnostics = List.of();
    private volatile Map<String, RouteStatus> routes = Map.of();
    private volatile @Nullable String failure;
    private volatile boolean closed;

    // Guarded by this.
    private Map<String, @Nullable String> files = new HashMap<>();
    private boolean sourceRead;

    /** @param sink takes each compilation, on the loop's thread */
    CompileLoop(MeshCompiler compiler, ReportBook book, Consumer<CompiledDelta> sink) {
        this.compiler = compiler;
        this.book = book;
        this.sink = sink;
    }

    void start() {
        thread = Thread.ofVirtual().name("compiler").start(this::run);
    }

    /** Completes when all that the source had at the start is compiled, with the reports that were known. */
    CompletableFuture<Void> first() {
        return first;
    }

    /** All findings that stand. */
    List<Diagnostic> diagnostics() {
        return diagnostics;
    }

    /** What becomes of every resource that waypoints execute, by {@code Kind namespace/name}. */
    Map<String, RouteStatus> routes() {
        return routes;
    }

    /** Why the compiler itself failed last; null when it did not. */
    @Nullable
    String failure() {
        return failure;
    }

    void offer(Map<String, @Nullable String> changed) {
        synchronized (this) {
            files.putAll(changed);
            sourceRead = true;
        }
        work.release();
    }

    /** Reports changed in the book. */
    void reportsChanged() {
        work.release();
    }

    private void run() {
        try {
            while (!closed) {
                work.acquire();
                work.drainPermits();
                compile();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void compile() {
        Map<String, @Nullable String> taken;
        boolean read;
        synchronized (this) {
            taken = files;
            files = new HashMap<>();
            read = sourceRead;
        }
        ReportBook.Changes reports = book.drain();
        try {
            if (!taken.isEmpty() || !reports.isEmpty()) {
                CompiledDelta delta = compiler.apply(new SourceChanges(taken, reports.reports(), reports.removed()));
                diagnostics = delta.diagnostics();
                routes = delta.routes();
                failure = null;
                if (book.compiled(delta)) {
                    // Reports that waited for their pod, or whose pod is gone.
                    work.release();
                }
                sink.accept(delta);
            }
        } catch (RuntimeException e) {
            LOG.error("the compiler failed; the last good state stays: this is a bug, please report it", e);
            failure = e.toString();
        }
        if (read && work.availablePermits() == 0) {
            first.complete(null);
        }
    }

    @Override
    public void close() {
        closed = true;
        if (thread != null) {
            thread.interrupt();
        }
    }
}
