package io.culvert.perf.result;

/** A result file that is missing, broken or not ours; the message names the file, the place and the remedy. */
public final class BenchFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BenchFileException(String message, Throwable cause) {
        super(message, cause);
    }

    BenchFileException(String message) {
        super(message);
    }
}
