package io.culvert.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.proto.node.PodExtension;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pods of this node across a restart of the agent: their namespaces, and what was wanted of them last, so that
 * their listeners are back before the control plane has answered. Replaced by rename; not synced to disk, since pods do
 * not outlive the kernel that holds their namespaces. Owned by: the caller, one at a time.
 */
final class StateFile {
    /** @param backend name of the backend whose rules may stand in the namespace; null when none do */
    record Entry(
            Attachment attachment,
            @Nullable PodSpec spec,
            @Nullable String backend) {}

    private static final Logger LOG = LoggerFactory.getLogger(StateFile.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VERSION = 1;

    private final Path file;

    StateFile(Path directory) {
        this.file = directory.resolve("capture.json");
    }

    /** What was written last; a file that cannot be read is put aside and named in the log. */
    List<Entry> read() throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        try {
            JsonNode root = JSON.readTree(bytes);
            if (root.path("version").asInt() != VERSION) {
                throw new IllegalArgumentException("version " + root.path("version") + " is not " + VERSION);
            }
            List<Entry> entries = new ArrayList<>();
            for (JsonNode pod : root.path("pods")) {
                entries.add(entry(pod));
            }
            return entries;
        } catch (IOException | IllegalArgumentException e) {
            Path aside = file.resolveSibling(file.getFileName() + ".unreadable");
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
            LOG.error(
                    "cannot read {} ({}); moved to {}. Pods captured before keep their rules and refuse traffic until"
                            + " CNI announces them again: restart them",
                    file,
                    e.getMessage(),
                    aside);
            return List.of();
        }
    }

    /** Replaces the file. */
    void write(Collection<Entry> entries) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", VERSION);
        var pods = root.putArray("pods");
        for (Entry entry : entries) {
            write(entry, pods.addObject());
        }
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.deleteIfExists(next);
        Files.createFile(next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(next, JSON.writeValueAsBytes(root));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void write(Entry entry, ObjectNode pod) {
        Attachment at = entry.attachment();
        pod.put("namespace", at.namespace());
        pod.put("name", at.name());
        pod.put("podUid", at.podUid());
        pod.put("containerId", at.containerId());
        pod.put("interface", at.interfaceName());
        pod.put("netns", at.netns().toString());
        pod.put("device", at.id().device());
        pod.put("inode", at.id().inode());
        var addresses = pod.putArray("addresses");
        at.addresses().forEach(address -> addresses.add(address.getHostAddress()));
        if (entry.backend() != null) {
            pod.put("backend", entry.backend());
        }
        PodSpec spec = entry.spec();
        if (spec != null) {
            pod.put("uid", spec.uid());
            pod.put("serviceAccount", spec.serviceAccount());
            pod.put(
                    "wanted",
                    Base64.getEncoder().encodeToString(spec.toExtension().toByteArray()));
        }
    }

    private static Entry entry(JsonNode pod) throws IOException {
        List<InetAddress> addresses = new ArrayList<>();
        for (JsonNode address : pod.path("addresses")) {
            addresses.add(InetAddress.ofLiteral(address.asText()));
        }
        Attachment attachment = new Attachment(
                text(pod, "namespace"),
                text(pod, "name"),
                text(pod, "podUid"),
                text(pod, "containerId"),
                text(pod, "interface"),
                Path.of(text(pod, "netns")),
                new NetworkNamespace.Id(
                        pod.path("device").asLong(), pod.path("inode").asLong()),
                addresses);
        PodSpec spec = null;
        if (pod.has("wanted")) {
            try {
                spec = PodSpec.of(
                        text(pod, "uid"),
                        attachment.namespace(),
                        attachment.name(),
                        text(pod, "serviceAccount"),
                        PodExtension.parseFrom(Base64.getDecoder().decode(text(pod, "wanted"))));
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalArgumentException("\"wanted\" of " + attachment.key() + ": " + e.getMessage(), e);
            }
        }
        return new Entry(
                attachment,
                spec,
                pod.path("backend").isTextual() ? pod.path("backend").asText() : null);
    }

    private static String text(JsonNode pod, String field) throws JsonProcessingException {
        JsonNode value = pod.path(field);
        if (!value.isTextual()) {
            throw new IllegalArgumentException("field \"" + field + "\" is missing");
        }
        return value.asText();
    }
}
