package io.culvert.core.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/** The libc functions that this package calls, each with errno captured. Any thread. */
@SuppressWarnings("restricted")
final class Libc {
    static final int CLONE_NEWNET = 0x40000000;

    private static final int O_RDONLY = 0;
    private static final int O_CLOEXEC = 0x80000;
    private static final int SCHED_ATTR_SIZE = 48;
    private static final long SCHED_ATTR_RUNTIME = 24;

    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");

    // open(2) is variadic in C: a fixed third argument would be passed wrongly on some ABIs.
    private static final MethodHandle OPEN = handle(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE =
            handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle SETNS =
            handle("setns", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    // syscall(2), for what glibc has no function for.
    private static final MethodHandle SCHED_ATTR = handle(
            "syscall",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(1));
    private static final MethodHandle STRERROR =
            handle("strerror", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

    private Libc() {}

    /** Opens {@code path} read-only with close-on-exec; the descriptor, or minus errno. */
    static int open(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            int fd = (int)
                    OPEN.invokeExact(state, arena.allocateFrom(path, StandardCharsets.UTF_8), O_RDONLY | O_CLOEXEC);
            return fd >= 0 ? fd : -(int) ERRNO.get(state, 0L);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /** Closes {@code fd}; 0, or minus errno. */
    static int close(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            int rc = (int) CLOSE.invokeExact(state, fd);
            return rc == 0 ? 0 : -(int) ERRNO.get(state, 0L);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /**
     * Moves the calling thread into the network namespace behind {@code fd}; 0, or minus errno. {@code state} is the
     * caller's memory from {@link #captureState}: between two switches nothing may be allocated or initialised.
     */
    static int setns(MemorySegment state, int fd) {
        try {
            int rc = (int) SETNS.invokeExact(state, fd, CLONE_NEWNET);
            return rc == 0 ? 0 : -(int) ERRNO.get(state, 0L);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /**
     * Asks for another slice for the calling thread, of the ordinary policies, all else of its scheduling unchanged; 0,
     * or minus errno. sched_setattr(2) and struct sched_attr as of SCHED_ATTR_SIZE_VER0.
     */
    static int slice(long nanos) {
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(SCHED_ATTR_SIZE, Long.BYTES);
            int rc = schedAttr(arena, arm ? 275 : 315, attr, SCHED_ATTR_SIZE);
            if (rc < 0) {
                return rc;
            }
            attr.set(ValueLayout.JAVA_LONG, SCHED_ATTR_RUNTIME, nanos);
            return schedAttr(arena, arm ? 274 : 314, attr, 0);
        }
    }

    /** sched_getattr(thread, attr, size, 0), or sched_setattr(thread, attr, 0), which ignores what comes after. */
    private static int schedAttr(Arena arena, long number, MemorySegment attr, int third) {
        MemorySegment state = arena.allocate(CAPTURE);
        try {
            long rc = (long) SCHED_ATTR.invokeExact(state, number, 0, attr, third, 0);
            return rc == 0 ? 0 : -(int) ERRNO.get(state, 0L);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    static MemorySegment captureState(Arena arena) {
        return arena.allocate(CAPTURE);
    }

    /** The text of an error number, as strerror(3) has it. */
    static String message(int errno) {
        try {
            MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
            return text.reinterpret(256).getString(0);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor, Linker.Option... more) {
        Linker linker = Linker.nativeLinker();
        Linker.Option[] options;
        if (name.equals("strerror")) {
            options = more;
        } else {
            options = new Linker.Option[more.length + 1];
            options[0] = CAPTURE_ERRNO;
            System.arraycopy(more, 0, options, 1, more.length);
        }
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor, options);
    }
}
