package io.culvert.core.xds;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.culvert.proto.xds.Resource;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * The last good state on disk: magic, format, count, then per resource its type and its xDS form, and a CRC-32C over all
 * that. Written beside and renamed over, so that there is always a whole one. Any thread, one at a time.
 */
final class StateFile {
    private static final long MAGIC =
            ByteString.copyFromUtf8("CULVMESH").asReadOnlyByteBuffer().getLong();
    private static final int FORMAT = 1;
    private static final int MAX_RESOURCE = 16 << 20;
    private static final int BUFFER = 1 << 16;

    private final Path file;

    StateFile(Path file) {
        this.file = file;
    }

    Path path() {
        return file;
    }

    /** Writes all of {@code state}; on return it is on the disk. */
    void write(Map<ResourceType, ? extends Map<String, StoredResource>> state) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        CRC32C sum = new CRC32C();
        try (FileChannel channel = FileChannel.open(
                        beside,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE);
                OutputStream raw = java.nio.channels.Channels.newOutputStream(channel)) {
            // One buffer for all of them: a large mesh is written while an agent serves, and must make no garbage.
            CodedOutputStream out = CodedOutputStream.newInstance(new CheckedOutputStream(raw, sum), BUFFER);
            writeLong(out, MAGIC);
            writeInt(out, FORMAT);
            writeInt(out, state.values().stream().mapToInt(Map::size).sum());
            for (var type : state.entrySet()) {
                for (var resource : type.getValue().entrySet()) {
                    write(out, type.getKey(), resource.getKey(), resource.getValue());
                }
            }
            out.flush();
            writeLong(out, sum.getValue());
            out.flush();
            channel.force(true);
        }
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** As DataInputStream reads it: the most significant byte first. */
    private static void writeInt(CodedOutputStream out, int value) throws IOException {
        out.writeFixed32NoTag(Integer.reverseBytes(value));
    }

    private static void writeLong(CodedOutputStream out, long value) throws IOException {
        out.writeFixed64NoTag(Long.reverseBytes(value));
    }

    /** A {@link Resource}, without making one: of a large mesh they would be megabytes of garbage at each write. */
    private static void write(CodedOutputStream out, ResourceType type, String name, StoredResource resource)
            throws IOException {
        int any = CodedOutputStream.computeStringSize(Any.TYPE_URL_FIELD_NUMBER, type.url())
                + CodedOutputStream.computeBytesSize(Any.VALUE_FIELD_NUMBER, resource.bytes());
        writeInt(
                out,
                CodedOutputStream.computeStringSize(Resource.VERSION_FIELD_NUMBER, resource.version())
                        + CodedOutputStream.computeTagSize(Resource.RESOURCE_FIELD_NUMBER)
                        + CodedOutputStream.computeUInt32SizeNoTag(any)
                        + any
                        + CodedOutputStream.computeStringSize(Resource.NAME_FIELD_NUMBER, name));
        out.writeString(Resource.VERSION_FIELD_NUMBER, resource.version());
        out.writeTag(Resource.RESOURCE_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(any);
        out.writeString(Any.TYPE_URL_FIELD_NUMBER, type.url());
        out.writeBytes(Any.VALUE_FIELD_NUMBER, resource.bytes());
        out.writeString(Resource.NAME_FIELD_NUMBER, name);
    }

    /**
     * All resources, those of policies first as they were written; empty when there is no file.
     *
     * @throws StateFileException when the file is there and cannot be used; it is set aside as {@code *.bad}
     */
    List<Resource> read() throws StateFileException {
        CRC32C sum = new CRC32C();
        try (InputStream raw = Files.newInputStream(file);
                DataInputStream in =
                        new DataInputStream(new CheckedInputStream(new BufferedInputStream(raw, 1 << 16), sum))) {
            if (in.readLong() != MAGIC) {
                throw new StateFileException("it does not begin as one");
            }
            int format = in.readInt();
            if (format != FORMAT) {
                throw new StateFileException("it has format " + format + ", this version reads " + FORMAT);
            }
            int count = in.readInt();
            List<Resource> resources = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int length = in.readInt();
                if (length < 0 || length > MAX_RESOURCE) {
                    throw new StateFileException("resource " + i + " has an impossible length of " + length);
                }
                byte[] bytes = new byte[length];
                in.readFully(bytes);
                resources.add(Resource.parseFrom(bytes));
            }
            long expected = sum.getValue();
            if (in.readLong() != expected) {
                throw new StateFileException("its checksum does not fit");
            }
            return resources;
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException | StateFileException e) {
            throw unusable(e);
        }
    }

    private StateFileException unusable(Exception cause) {
        String why = cause instanceof java.io.EOFException ? "it ends too early" : String.valueOf(cause.getMessage());
        Path aside = file.resolveSibling(file.getFileName() + ".bad");
        String done;
        try {
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
            done = "set aside as " + aside.getFileName();
        } catch (IOException e) {
            done = "it could not be set aside: " + e.getMessage();
        }
        return new StateFileException("last good mesh state " + file + " cannot be used: " + why + " (" + done
                + "); pods stay closed until the control plane answers");
    }
}
