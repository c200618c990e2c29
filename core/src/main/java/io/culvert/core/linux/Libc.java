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

/** The system calls that this package makes, through syscall(2) of libc, each with errno captured. Any thread. */
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

    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

    // System calls by their numbers on x86-64 and aarch64 (asm/unistd.h).
    static final int SOCKET = ARM ? 198 : 41;
    static final int BIND = ARM ? 200 : 49;
    static final int SETSOCKOPT = ARM ? 208 : 54;
    static final int SENDTO = ARM ? 206 : 44;
    static final int RECVFROM = ARM ? 207 : 45;
    private static final int OPENAT = ARM ? 56 : 257;
    private static final int CLOSE = ARM ? 57 : 3;
    private static final int SETNS = ARM ? 268 : 308;
    private static final int SCHED_SETATTR = ARM ? 274 : 314;
    private static final int SCHED_GETATTR = ARM ? 275 : 315;

    private static final int AT_FDCWD = -100;

    // One shape of call for all: the JVM writes and compiles code for each shape when it is linked, which the
    // ahead-of-time cache does not keep. With a function for each, nine shapes stood before the first listener.
    private static final MethodHandle SYSCALL = handle(
            "syscall",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG),
            CAPTURE_ERRNO,
            Linker.Option.firstVariadicArg(1));

    private Libc() {}

    /** Opens {@code path} read-only with close-on-exec; the descriptor, or minus errno. */
    static int open(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            MemorySegment text = arena.allocateFrom(path, StandardCharsets.UTF_8);
            return (int) call(state, OPENAT, AT_FDCWD, text.address(), O_RDONLY | O_CLOEXEC, 0, 0, 0);
        }
    }

    /** Closes {@code fd}; 0, or minus errno. */
    static int close(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) call(arena.allocate(CAPTURE), CLOSE, fd, 0, 0, 0, 0, 0);
        }
    }

    /**
     * Moves the calling thread into the network namespace behind {@code fd}; 0, or minus errno. {@code state} is the
     * caller's memory from {@link #captureState}: between two switches nothing may be allocated or initialised.
     */
    static int setns(MemorySegment state, int fd) {
        return (int) call(state, SETNS, fd, CLONE_NEWNET, 0, 0, 0, 0);
    }

    /**
     * Asks for another slice for the calling thread, of the ordinary policies, all else of its scheduling unchanged; 0,
     * or minus errno. sched_setattr(2) and struct sched_attr as of SCHED_ATTR_SIZE_VER0.
     */
    static int slice(long nanos) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            MemorySegment attr = arena.allocate(SCHED_ATTR_SIZE, Long.BYTES);
            long rc = call(state, SCHED_GETATTR, 0, attr.address(), SCHED_ATTR_SIZE, 0, 0, 0);
            if (rc < 0) {
                return (int) rc;
            }
            attr.set(ValueLayout.JAVA_LONG, SCHED_ATTR_RUNTIME, nanos);
            return (int) call(state, SCHED_SETATTR, 0, attr.address(), 0, 0, 0, 0);
        }
    }

    /**
     * The system call {@code number}: what it returns, or minus errno. Memory that it is given by address must stay
     * allocated until this returns; {@code state} is from {@link #captureState}, for one thread at a time. Arguments that
     * the call does not have are ignored. It allocates nothing and, after the first call of the process, links nothing.
     */
    static long call(MemorySegment state, int number, long a, long b, long c, long d, long e, long f) {
        try {
            long rc = (long) SYSCALL.invokeExact(state, (long) number, a, b, c, d, e, f);
            return rc >= 0 ? rc : -(int) ERRNO.get(state, 0L);
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
            MemorySegment text = (MemorySegment) Messages.STRERROR.invokeExact(errno);
            return text.reinterpret(256).getString(0);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor, options);
    }

    /** Linked when the first call has failed. */
    private static final class Messages {
        static final MethodHandle STRERROR =
                handle("strerror", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    }
}
