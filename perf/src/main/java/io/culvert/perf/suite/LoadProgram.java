package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.LabException;
import io.culvert.lab.LabPod;
import io.culvert.perf.load.LoadMain;
import io.culvert.perf.load.Marks;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The load program as a process: {@code drive} (a round for each line) or {@code backend}. One thread at a time. */
final class LoadProgram implements Closeable {
    private static final long END_SECONDS = 10;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final BufferedReader lines;
    private final TakeDown down = new TakeDown();

    private LoadProgram(Process process) throws IOException {
        this.process = process;
        this.lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        // A round whose pods have gone never ends, and before its end the program does not see that we have gone.
        down.add(process::destroyForcibly);
    }

    static LoadProgram drive() throws IOException {
        return new LoadProgram(start(List.of("drive")));
    }

    /** Returns when it listens in each of these namespaces. */
    static LoadProgram backend(List<String> namespaces) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("backend"));
        arguments.addAll(namespaces);
        LoadProgram program = new LoadProgram(start(arguments));
        program.line();
        return program;
    }

    /** Connections from the client of {@code variant} to its server's echo; its first answer says what became of them. */
    static LoadProgram hold(Variant variant, int count) throws IOException {
        return new LoadProgram(start(List.of(
                "hold",
                variant.server().ip4(),
                Integer.toString(Ports.ECHO),
                Integer.toString(count),
                variant.client().networkNamespace().toString())));
    }

    /** Begins, from the pod {@code stranger}, as many handshakes with the variant's server as each round orders. */
    static LoadProgram handshakes(Variant variant, LabPod stranger) throws IOException {
        LoadProgram program = new LoadProgram(start(List.of(
                "handshakes",
                variant.server().ip4(),
                Integer.toString(Ports.HBONE),
                stranger.networkNamespace().toString())));
        program.line();
        return program;
    }

    private static Process start(List<String> arguments) throws IOException {
        return new ProcessBuilder(command(arguments))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** The command line of the load program. */
    static List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xms128m",
                "-Xmn64m",
                "-Xmx256m",
                "-XX:-UsePerfData",
                "-Dio.netty.leakDetection.level=disabled",
                "-cp",
                System.getProperty("java.class.path"),
                LoadMain.class.getName()));
        command.addAll(arguments);
        return command;
    }

    /** What the program says without having been asked. */
    JsonNode answer() throws IOException {
        return answer(Marks.NONE);
    }

    /** Asks for another of what it did last. */
    JsonNode again() throws IOException {
        return round("", Marks.NONE);
    }

    long pid() {
        return process.pid();
    }

    /** Does a round; {@code marks} are told on this thread when its counted part begins and ends. */
    JsonNode round(String order, Marks marks) throws IOException {
        begin(order);
        return answer(marks);
    }

    /** Orders a round whose answer is taken later. */
    void begin(String order) throws IOException {
        process.getOutputStream().write((order + "\n").getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
    }

    JsonNode answer(Marks marks) throws IOException {
        while (true) {
            String line = line();
            switch (line) {
                case "begin" -> marks.begin();
                case "end" -> marks.end();
                default -> {
                    return JSON.readTree(line);
                }
            }
        }
    }

    private String line() throws IOException {
        String line = lines.readLine();
        if (line == null) {
            throw new LabException("the load program ended without an answer; what it said stands above");
        }
        return line;
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            process.waitFor(END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        down.close();
        lines.close();
    }
}
