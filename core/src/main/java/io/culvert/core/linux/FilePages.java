package io.culvert.core.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The pages of a file that this process has mapped (proc_pid_smaps(5)). Any thread. */
@SuppressWarnings("restricted")
public final class FilePages {
    private static final int MADV_DONTNEED = 4;
    private static final Pattern MAPPING =
            Pattern.compile("([0-9a-f]+)-([0-9a-f]+) (\\S+) [0-9a-f]+ \\S+ [0-9]+ *(.*)");
    private static final MethodHandle MADVISE = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("madvise"),
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    private FilePages() {}

    /**
     * Takes the pages of read-only mappings of {@code file} out of the resident set; what is used again comes back from
     * the page cache. A mapping with pages that were changed before it became read-only is left as it is: dropping
     * those would undo the changes.
     *
     * @return the bytes that were resident and are not any more
     * @throws IOException when /proc/self/smaps cannot be read
     */
    public static long giveBack(Path file) throws IOException {
        String name = file.toRealPath().toString();
        long given = 0;
        long begin = 0;
        long length = 0;
        long resident = 0;
        boolean candidate = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            Matcher mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                begin = Long.parseUnsignedLong(mapping.group(1), 16);
                length = Long.parseUnsignedLong(mapping.group(2), 16) - begin;
                candidate = mapping.group(3).equals("r--p") && mapping.group(4).equals(name);
            } else if (candidate && line.startsWith("Rss:")) {
                resident = kibibytes(line);
            } else if (candidate && line.startsWith("Anonymous:")) {
                // After the resident size, and the last that matters of this mapping.
                if (kibibytes(line) == 0 && dontNeed(begin, length)) {
                    given += resident << 10;
                }
                candidate = false;
            }
        }
        return given;
    }

    private static long kibibytes(String line) {
        String number = line.substring(line.indexOf(':') + 1).strip();
        return Long.parseLong(number.substring(0, number.indexOf(' ')));
    }

    private static boolean dontNeed(long address, long length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment at = MemorySegment.ofAddress(address).reinterpret(length, arena, null);
            return (int) MADVISE.invokeExact(at, length, MADV_DONTNEED) == 0;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }
}
