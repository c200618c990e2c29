package io.culvert.core.hbone;

/** Error codes of HTTP/2 (RFC 9113, section 7). Immutable. */
public enum H2Error {
    NO_ERROR,
    PROTOCOL_ERROR,
    INTERNAL_ERROR,
    FLOW_CONTROL_ERROR,
    SETTINGS_TIMEOUT,
    STREAM_CLOSED,
    FRAME_SIZE_ERROR,
    REFUSED_STREAM,
    CANCEL,
    COMPRESSION_ERROR,
    CONNECT_ERROR,
    ENHANCE_YOUR_CALM,
    INADEQUATE_SECURITY,
    HTTP_1_1_REQUIRED;

    private static final H2Error[] BY_CODE = values();

    /** The value on the wire; the constants stand in its order. */
    @SuppressWarnings("EnumOrdinal") // the order is the wire's
    public int code() {
        return ordinal();
    }

    /** The error with this code; an unknown one counts as INTERNAL_ERROR, as RFC 9113 section 7 allows. */
    public static H2Error of(long code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[(int) code] : INTERNAL_ERROR;
    }
}
