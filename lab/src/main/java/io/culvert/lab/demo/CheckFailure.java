package io.culvert.lab.demo;

import java.io.Serial;

/** A promise that did not hold; the message has what was measured. */
public final class CheckFailure extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public CheckFailure(String message) {
        super(message);
    }

    /** Fails with {@code message} unless {@code holds}. */
    static void unless(boolean holds, String message) {
        if (!holds) {
            throw new CheckFailure(message);
        }
    }
}
