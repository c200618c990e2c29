package io.culvert.lab;

import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a main class in a process of its own that outlives the shell's command: the command shows what the process says
 * until that lets go, and takes it along when it is interrupted before.
 */
public final class Detached {
    /** End of transmission, and whether it went well. */
    private static final String RELEASE = "\u0004";

    private Detached() {}

    /** Starts {@code main} and relays its output until {@link #release}; returns its status. */
    public static int start(Class<?> main, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                "setsid",
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new LabException("cannot start " + main.getName(), e);
        }
        Thread interrupt = new Thread(() -> end(process), "detached-end");
        Runtime.getRuntime().addShutdownHook(interrupt);
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.startsWith(RELEASE)) {
                    Runtime.getRuntime().removeShutdownHook(interrupt);
                    return Integer.parseInt(line.substring(RELEASE.length()));
                }
                System.out.println(line);
            }
            int status = process.waitFor();
            return status == 0 ? 1 : status;
        } catch (IOException e) {
            throw new LabException("cannot read what " + main.getName() + " says", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    /** Called in the process: lets the command end with {@code status} and writes to {@code log} from now on. */
    public static void release(int status, Path log) {
        System.out.println(RELEASE + status);
        System.out.flush();
        try {
            PrintStream file = new PrintStream(new FileOutputStream(log.toFile(), true), true, StandardCharsets.UTF_8);
            System.setOut(file);
            System.setErr(file);
        } catch (IOException e) {
            throw new LabException("cannot write " + log, e);
        }
    }

    private static void end(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
