package io.culvert.controlplane;

import io.culvert.proto.node.ReportPodsRequest;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The reports of agents on disk. Agents send theirs again after a restart of the controller, but until they have, their
 * captured pods must not be announced as plain. Any thread, one at a time.
 */
final class ReportFile {
    private static final byte[] MAGIC = {'C', 'U', 'L', 'V', 'R', 'P', 'T', 1};

    private final Path file;

    ReportFile(Path file) {
        this.file = file;
    }

    void write(List<ReportPodsRequest> reports) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(MAGIC);
        for (ReportPodsRequest report : reports) {
            report.writeDelimitedTo(out);
        }
        byte[] body = out.toByteArray();
        out.write(ByteBuffer.allocate(8).putLong(sum(body, body.length)).array());
        AtomicFile.write(file, out.toByteArray());
    }

    /**
     * What was written last; nothing when there is no file.
     *
     * @throws IOException when it is there and cannot be used; the message names it and says what follows
     */
    List<ReportPodsRequest> read() throws IOException {
        byte[] all;
        try {
            all = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        int end = all.length - 8;
        if (end < MAGIC.length
                || !Arrays.equals(all, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
                || ByteBuffer.wrap(all, end, 8).getLong() != sum(all, end)) {
            throw new IOException("reports of agents in " + file
                    + " are damaged and left out: pods count as not captured until their agents report again");
        }
        List<ReportPodsRequest> reports = new ArrayList<>();
        BufferedInputStream in =
                new BufferedInputStream(new ByteArrayInputStream(all, MAGIC.length, end - MAGIC.length));
        for (ReportPodsRequest next = ReportPodsRequest.parseDelimitedFrom(in);
                next != null;
                next = ReportPodsRequest.parseDelimitedFrom(in)) {
            reports.add(next);
        }
        return reports;
    }

    private static long sum(byte[] bytes, int length) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, 0, length);
        return sum.getValue();
    }
}
