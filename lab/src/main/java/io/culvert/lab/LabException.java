package io.culvert.lab;

import java.io.Serial;

/** Something of the lab could not be had; the message names it and says what to do about it. */
public final class LabException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public LabException(String message) {
        super(message);
    }

    public LabException(String message, Throwable cause) {
        super(message, cause);
    }
}
