package io.culvert.controlplane;

import io.culvert.config.CompiledDelta;
import io.culvert.config.MeshCompiler;
import io.culvert.controlplane.ca.CaException;
import io.culvert.controlplane.ca.CaService;
import io.culvert.controlplane.ca.MeshCa;
import io.culvert.controlplane.ca.NodeAuthenticator;
import io.culvert.controlplane.ca.NodeTokens;
import io.culvert.core.lifecycle.Component;
import io.culvert.identity.TrustDomain;
import io.culvert.proto.node.ReportPodsRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole controller: a directory is compiled and served over delta xDS, beside the CA and the reports of agents.
 *
 * <p>It serves only after everything that was in the directory at the start is compiled together with the reports that
 * agents had made before, so that a restart is no change for an agent. Start and close: one thread; the rest: any.
 */
public final class Controller implements Component {
    private static final Logger LOG = LoggerFactory.getLogger(Controller.class);
    private static final Duration FIRST_COMPILE = Duration.ofMinutes(2);
    private static final Duration WRITE_PAUSE = Duration.ofSeconds(1);

    private final ControllerSettings settings;
    private final InstantSource clock;
    private final XdsCache cache = new XdsCache();
    private final ReportBook book = new ReportBook();
    private final IdentityIndex identities = new IdentityIndex();
    private final DeltaXdsServer xds;
    private final CompileLoop compiler;
    private final StatusPage page;

    private @Nullable DirectorySource source;
    private @Nullable GrpcListeners listeners;
    private @Nullable Repeater reportWriter;
    private @Nullable Repeater statusWriter;
    private volatile Map<String, String> sourceFaults = Map.of();
    private volatile int port;

    public Controller(ControllerSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        xds = new DeltaXdsServer(cache, clock);
        compiler = new CompileLoop(new MeshCompiler(settings.compiler()), book, this::onCompiled);
        page = new StatusPage(settings, cache, book, xds, compiler, () -> sourceFaults, clock);
    }

    @Override
    public String name() {
        return "controller";
    }

    /** @throws Exception naming what hinders it and the remedy; everything begun is ended again */
    @Override
    public void start() throws Exception {
        try {
            open();
        } catch (IOException | CaException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void open() throws Exception {
        Path state = settings.stateDirectory();
        try {
            Files.createDirectories(state);
        } catch (IOException e) {
            throw new IOException("state directory " + state + " cannot be made: " + e.getMessage(), e);
        }
        MeshCa ca =
                MeshCa.open(state, new TrustDomain(settings.compiler().trustDomain()), settings.certTtlMax(), clock);
        page.ca(ca);
        NodeAuthenticator nodes = new NodeTokens(settings.nodeTokens(), clock);
        restoreReports(state.resolve("reports.bin"));
        compile();
        GrpcListeners serving = new GrpcListeners(
                List.of(xds, new NodeServiceServer(book, this::onReports), new CaService(ca, nodes, identities, clock)),
                new CallerNode(nodes));
        listeners = serving;
        if (settings.unixSocket() != null) {
            serving.listen(settings.unixSocket());
            LOG.info("controller serves on {}", settings.unixSocket());
        }
        ControllerSettings.Listener tcp = settings.listener();
        if (tcp != null) {
            port = serving.listen(tcp, () -> ca.serving(tcp.names()));
            LOG.info("controller serves on {}:{} with TLS as {}", tcp.host(), port, tcp.names());
        }
        statusWriter = new Repeater(
                "writing " + state.resolve("status.json"),
                WRITE_PAUSE,
                () -> AtomicFile.write(
                        state.resolve("status.json"), statusJson().getBytes(StandardCharsets.UTF_8)));
        statusWriter.ask();
        xds.onChange(this::askStatus);
    }

    private void restoreReports(Path file) {
        ReportFile reports = new ReportFile(file);
        try {
            for (ReportPodsRequest request : reports.read()) {
                book.report(request);
            }
        } catch (IOException e) {
            LOG.warn("{}", e.getMessage());
        }
        reportWriter = new Repeater("writing " + file, WRITE_PAUSE, () -> reports.write(book.all()));
    }

    private void compile() throws IOException, InterruptedException {
        DirectorySource directory = new DirectorySource(
                settings.configDirectory(),
                (files, faults) -> {
                    sourceFaults = faults;
                    compiler.offer(files);
                    askStatus();
                },
                SourceTiming.DEFAULT,
                clock);
        source = directory;
        compiler.start();
        directory.start();
        try {
            compiler.first().get(FIRST_COMPILE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(
                    "the configuration in " + settings.configDirectory() + " was not compiled within "
                            + FIRST_COMPILE.toSeconds() + " s",
                    e);
        }
        LOG.info(
                "compiled {}: {} findings",
                settings.configDirectory(),
                compiler.diagnostics().size() + sourceFaults.size());
    }

    private void onCompiled(CompiledDelta delta) {
        identities.compiled(delta);
        cache.apply(delta);
        askStatus();
    }

    private void onReports() {
        compiler.reportsChanged();
        Repeater writer = reportWriter;
        if (writer != null) {
            writer.ask();
        }
    }

    private void askStatus() {
        Repeater writer = statusWriter;
        if (writer != null) {
            writer.ask();
        }
    }

    /** The TCP port that is listened on, 0 for none. */
    public int port() {
        return port;
    }

    /** Resources, findings, connected agents, certificates: what status.json holds, as of now. */
    public String statusJson() {
        return page.render();
    }

    /** Ends the streams, so that agents look for another controller or keep what they have. */
    @Override
    public void drain(Duration deadline) {
        xds.endAll();
    }

    @Override
    public void close() {
        if (source != null) {
            source.close();
        }
        xds.endAll();
        if (listeners != null) {
            listeners.close();
        }
        compiler.close();
        if (reportWriter != null) {
            reportWriter.close();
        }
        if (statusWriter != null) {
            statusWriter.close();
        }
    }
}
