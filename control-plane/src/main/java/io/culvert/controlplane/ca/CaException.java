package io.culvert.controlplane.ca;

/** The CA's state directory cannot be used; the message names the file and the remedy. */
public final class CaException extends Exception {
    private static final long serialVersionUID = 1L;

    CaException(String message) {
        super(message);
    }

    CaException(String message, Throwable cause) {
        super(message, cause);
    }
}
