package io.culvert.core.mesh;

/** A resource that cannot become state; the message names the field and the remedy, not the resource. */
public final class InvalidResourceException extends Exception {
    private static final long serialVersionUID = 1;

    /** @param message names the field, what is wrong with it and what to do */
    public InvalidResourceException(String message) {
        super(message);
    }
}
