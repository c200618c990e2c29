package io.culvert.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Brings a lab up once for a test class, shows what its processes said when a test fails, and takes it down. */
public final class LabExtension implements BeforeAllCallback, AfterAllCallback, AfterTestExecutionCallback {
    private static final Duration UP = Duration.ofSeconds(60);

    private final String description;
    private final LabOptions options;
    private @Nullable Lab lab;

    /** {@code description} is Kubernetes YAML. */
    public LabExtension(String description, LabOptions options) {
        this.description = description;
        this.options = options;
    }

    public Lab lab() {
        return Objects.requireNonNull(lab, "the lab is not up");
    }

    public LabPod pod(String name) {
        return lab().pod(name);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        Lab started = Lab.start(description, options);
        lab = started;
        try {
            started.awaitReady(UP);
        } catch (RuntimeException e) {
            print(started);
            started.close();
            throw e;
        }
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (context.getExecutionException().isPresent() && lab != null) {
            print(lab);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (lab != null) {
            lab.close();
        }
    }

    /** The text of a resource beside this class. */
    static String resource(String name) {
        try (InputStream stream = LabExtension.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(stream, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void print(Lab lab) {
        StringBuilder text = new StringBuilder("---- the lab at the failure ----\n");
        for (LabPod pod : lab.pods()) {
            text.append("pod %s %s %s %s%n".formatted(pod.fullName(), pod.ip4(), pod.phase(), pod.trouble()));
            text.append(tail(pod.log()));
        }
        for (LabNode node : lab.nodes()) {
            node.agentIfAny().ifPresent(agent -> {
                text.append("agent of ").append(node.name()).append('\n').append(tail(agent.log()));
                text.append(tail(String.join("\n", agent.accessLog())));
            });
        }
        lab.controllerIfAny().ifPresent(c -> text.append("controller\n").append(tail(c.log())));
        System.err.println(text);
    }

    private static String tail(String log) {
        var lines = log.lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()))
                .indent(4);
    }
}
