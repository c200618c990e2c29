package io.culvert.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** A pod's /etc/hosts: the lab's stand-in for cluster DNS. */
final class HostsFile {
    private static final int BLOCK = 4096;

    private HostsFile() {}

    /** The names that a pod of {@code namespace} sees: its own, and every service's with its short forms. */
    static String render(String namespace, String hostname, List<String> ips, List<ServicePort> services) {
        StringBuilder text = new StringBuilder("""
                127.0.0.1 localhost
                ::1 localhost ip6-localhost ip6-loopback
                """);
        ips.forEach(ip -> text.append(ip).append(' ').append(hostname).append('\n'));
        services.stream()
                .flatMap(service -> lines(namespace, service))
                .distinct()
                .forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    /**
     * Writes {@code text} into the file in place (pods have the file itself mounted, not its name), padded with line
     * breaks so that a reader meets whole lines of one size or the other.
     */
    static void write(Path file, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int size = (bytes.length + BLOCK - 1) / BLOCK * BLOCK;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            size = Math.max(size, Math.toIntExact(channel.size()));
            ByteBuffer content =
                    ByteBuffer.wrap((text + "\n".repeat(size - bytes.length)).getBytes(StandardCharsets.UTF_8));
            while (content.hasRemaining()) {
                channel.write(content, content.position());
            }
        } catch (IOException e) {
            throw new LabException("cannot write " + file, e);
        }
    }

    private static Stream<String> lines(String from, ServicePort service) {
        ServiceSpec spec = service.service();
        String inNamespace = spec.name() + "." + spec.namespace();
        String names = inNamespace + ".svc.cluster.local " + inNamespace + ".svc " + inNamespace
                + (spec.namespace().equals(from) ? " " + spec.name() : "");
        Stream<String> addresses = spec.headless()
                ? service.backends().stream().filter(Backend::ready).map(Backend::address)
                : spec.clusterIps().stream();
        return addresses.map(address -> address + " " + names);
    }
}
