package io.culvert.cni;

/** An answer to a CNI call that is an error: code (CNI specification, section 5), one line, and details with a remedy. */
final class CniException extends Exception {
    private static final long serialVersionUID = 1L;

    static final int INCOMPATIBLE_VERSION = 1;
    static final int INVALID_ENVIRONMENT = 4;
    static final int IO_FAILURE = 5;
    static final int DECODING_FAILURE = 6;
    static final int TRY_AGAIN_LATER = 11;
    static final int NOT_AVAILABLE = 50;
    /** Ours: the pod could not be captured. */
    static final int CAPTURE_FAILED = 100;
    /** Ours: CHECK found that the pod is not captured as it should be. */
    static final int NOT_AS_WANTED = 101;

    private final int code;
    private final String details;

    CniException(int code, String message, String details) {
        super(message);
        this.code = code;
        this.details = details;
    }

    int code() {
        return code;
    }

    String details() {
        return details;
    }
}
