package io.culvert.identity;

import java.util.Objects;

/** A text is not a SPIFFE ID or trust domain; the message names the text and the fault. */
public final class SpiffeIdException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    SpiffeIdException(String message) {
        super(message);
    }

    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
