package io.culvert.cni;

/** Something could not be done in a pod's namespace; the message says what, where, and what to do about it. */
public final class CaptureException extends Exception {
    private static final long serialVersionUID = 1L;

    CaptureException(String message) {
        super(message);
    }

    CaptureException(String message, Throwable cause) {
        super(message, cause);
    }
}
