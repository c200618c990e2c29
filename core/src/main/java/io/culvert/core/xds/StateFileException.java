package io.culvert.core.xds;

/** The last good state on disk is unusable; the message names the file, the fault and what happens now. */
final class StateFileException extends Exception {
    private static final long serialVersionUID = 1;

    StateFileException(String message) {
        super(message);
    }
}
