package io.culvert.agent;

import io.culvert.config.CompilerSettings;
import io.culvert.config.Diagnostic;
import io.culvert.config.RouteCompiler;
import io.culvert.config.RouteUpdate;
import io.culvert.config.SourceChanges;
import io.culvert.core.route.RouteTable;
import io.culvert.core.telemetry.Counter;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.xds.DocumentSink;
import io.culvert.proto.route.Document;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiles the resources that reach a waypoint into its routes, and logs each fault once. Called by the thread of the
 * mesh state; what it says of itself may be read by any thread.
 */
final class WaypointRoutes implements DocumentSink {
    private static final Logger LOG = LoggerFactory.getLogger(WaypointRoutes.class);

    private final RouteCompiler compiler;
    private final Consumer<RouteTable> routes;
    private final Counter compilations;
    private Set<Diagnostic> told = Set.of();
    private volatile List<Diagnostic> diagnostics = List.of();
    private volatile long compileNanos;

    WaypointRoutes(CompilerSettings settings, MetricsRegistry metrics, Consumer<RouteTable> routes) {
        this.compiler = new RouteCompiler(settings);
        this.routes = routes;
        compilations = metrics.counter("culvert_route_compilations", "How often routes were compiled");
        metrics.gauge(
                "culvert_route_diagnostics",
                "Faults and warnings of resources that stand now",
                () -> diagnostics.size());
        metrics.gauge(
                "culvert_route_compile_seconds", "How long the latest compilation took", () -> compileNanos / 1e9);
    }

    @Override
    public void apply(Map<String, @Nullable Document> changed) {
        Map<String, @Nullable String> files = new HashMap<>();
        changed.forEach((name, document) -> files.put(name, document == null ? null : text(document)));
        long begin = System.nanoTime();
        RouteUpdate update = compiler.apply(SourceChanges.files(files));
        compileNanos = System.nanoTime() - begin;
        compilations.inc();
        routes.accept(update.table());
        tell(update.diagnostics().stream().map(WaypointRoutes::named).toList());
    }

    /** By the file alone: documents are called after their file and their place in it. */
    private static Diagnostic named(Diagnostic found) {
        int mark = found.file().lastIndexOf('#');
        return mark < 0
                ? found
                : new Diagnostic(
                        found.severity(),
                        found.file().substring(0, mark),
                        found.line(),
                        found.resource(),
                        found.path(),
                        found.message());
    }

    /** With as many empty lines before it as the file has, so that diagnostics name the file's lines. */
    private static String text(Document document) {
        return "\n".repeat(Math.max(0, document.getLine() - 1)) + document.getText();
    }

    private void tell(List<Diagnostic> now) {
        diagnostics = now;
        Set<Diagnostic> all = new HashSet<>(now);
        for (Diagnostic diagnostic : now) {
            if (!told.contains(diagnostic)) {
                LOG.warn("{}", diagnostic);
            }
        }
        told = all;
    }

    /** What is wrong with resources at this moment. */
    List<Diagnostic> diagnostics() {
        return diagnostics;
    }
}
