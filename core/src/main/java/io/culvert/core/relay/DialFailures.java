package io.culvert.core.relay;

import io.culvert.core.telemetry.CloseReason;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.unix.Errors;
import java.net.ConnectException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Tells failures of system calls apart, through all that Netty wraps around them. */
public final class DialFailures {
    private static final int EAGAIN = -11;
    private static final int ENFILE = -23;
    private static final int EMFILE = -24;
    private static final int EPERM = -1;
    private static final int ENOBUFS = -105;
    private static final int EADDRINUSE = -98;
    private static final int EADDRNOTAVAIL = -99;

    // Netty has the number of a failed connect(2) only in the text: "connect(..) failed with error(-99): ...".
    private static final Pattern CONNECT_ERROR = Pattern.compile("failed with error\\((-\\d{1,4})\\)");

    private DialFailures() {}

    /** What a failed connect, bind or socket(2) means for the connection that needed it. */
    public static CloseReason of(Throwable failure) {
        int error = errno(failure);
        if (error == EMFILE || error == ENFILE) {
            return CloseReason.NO_DESCRIPTORS;
        }
        // netfilter drops the first packet of a connection that gets no conntrack entry: connect(2) says EPERM.
        if (error == EPERM || error == ENOBUFS) {
            return CloseReason.NO_CONNTRACK;
        }
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof ConnectTimeoutException) {
                return CloseReason.CONNECT_TIMEOUT;
            }
        }
        return CloseReason.CONNECT_FAILED;
    }

    /** Whether {@code failure} says that the process or the system has no descriptor left. */
    public static boolean isNoDescriptors(Throwable failure) {
        int error = errno(failure);
        return error == EMFILE || error == ENFILE;
    }

    /** Whether another source port may do better. */
    static boolean isPortTaken(Throwable failure) {
        int error = errno(failure);
        return error == EADDRINUSE || error == EADDRNOTAVAIL || error == EAGAIN;
    }

    private static int errno(@Nullable Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof Errors.NativeIoException nativeError) {
                return nativeError.expectedErr();
            }
            if (t instanceof ConnectException && t.getMessage() != null) {
                Matcher number = CONNECT_ERROR.matcher(t.getMessage());
                if (number.find()) {
                    return Integer.parseInt(number.group(1));
                }
            }
        }
        return 0;
    }
}
