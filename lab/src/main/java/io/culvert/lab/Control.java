package io.culvert.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * How commands in a shell talk to the process that runs the lab: a Unix socket in the run directory, a JSON array of
 * words each way. The first word of an answer is "ok" or "error".
 */
final class Control implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ServerSocketChannel server;

    /** Serves {@code handler} until closed; a LabException of it is an error answer. */
    Control(RunDirectory run, Function<List<String>, List<String>> handler) {
        try {
            this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(run.controlSocket()));
        } catch (IOException e) {
            throw new LabException("cannot listen on " + run.controlSocket(), e);
        }
        Thread.ofPlatform().daemon().name("lab-control").start(() -> serve(handler));
    }

    /** Asks the lab of run {@code lab}, or the only one when that is empty; an error answer is a LabException. */
    static List<String> ask(String lab, List<String> words) {
        RunDirectory run = find(lab);
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(run.controlSocket()));
            write(channel, words);
            channel.shutdownOutput();
            List<String> answer = read(channel);
            if (answer.isEmpty()) {
                throw new LabException("the lab " + run.pid() + " ended meanwhile");
            }
            if (!answer.getFirst().equals("ok")) {
                throw new LabException(answer.getLast());
            }
            return answer.subList(1, answer.size());
        } catch (IOException e) {
            throw new LabException("the lab " + run.pid() + " does not answer on " + run.controlSocket(), e);
        }
    }

    /** The run directories of labs that are up. */
    static List<RunDirectory> running() {
        try (Stream<Path> files = Files.exists(RunDirectory.ROOT) ? Files.list(RunDirectory.ROOT) : Stream.empty()) {
            return files.filter(file -> file.getFileName().toString().matches("\\d+"))
                    .map(file ->
                            new RunDirectory(Long.parseLong(file.getFileName().toString()), file))
                    .filter(run -> run.alive() && Files.exists(run.controlSocket()))
                    .toList();
        } catch (IOException e) {
            throw new LabException("cannot list " + RunDirectory.ROOT, e);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static RunDirectory find(String lab) {
        Map<String, RunDirectory> runs = new TreeMap<>();
        running().forEach(run -> runs.put(Long.toString(run.pid()), run));
        if (!lab.isEmpty()) {
            RunDirectory run = runs.get(lab);
            if (run == null) {
                throw new LabException("there is no lab " + lab + "; up are " + runs.keySet());
            }
            return run;
        }
        if (runs.size() != 1) {
            throw new LabException(
                    runs.isEmpty()
                            ? "no lab is up: start one with `culvert lab up FILE`"
                            : "several labs are up: choose one with --lab, of " + runs.keySet());
        }
        return runs.values().iterator().next();
    }

    private void serve(Function<List<String>, List<String>> handler) {
        while (true) {
            SocketChannel channel;
            try {
                channel = server.accept();
            } catch (IOException e) {
                return;
            }
            // Platform threads: a command may open sockets in a node's namespace.
            Thread.ofPlatform().daemon().name("lab-command").start(() -> answer(channel, handler));
        }
    }

    private static void answer(SocketChannel channel, Function<List<String>, List<String>> handler) {
        try (channel) {
            List<String> words = read(channel);
            try {
                write(
                        channel,
                        Stream.concat(Stream.of("ok"), handler.apply(words).stream())
                                .toList());
            } catch (LabException e) {
                write(channel, List.of("error", String.valueOf(e.getMessage())));
            }
        } catch (IOException e) {
            // The command was interrupted: nobody waits for the answer.
        }
    }

    private static void write(SocketChannel channel, List<String> words) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(JSON.writeValueAsString(words).getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static List<String> read(SocketChannel channel) throws IOException {
        byte[] bytes = Channels.newInputStream(channel).readAllBytes();
        if (bytes.length == 0) {
            return List.of();
        }
        JsonNode array = JSON.readTree(bytes);
        List<String> words = new ArrayList<>();
        array.forEach(word -> words.add(word.asText()));
        return words;
    }
}
