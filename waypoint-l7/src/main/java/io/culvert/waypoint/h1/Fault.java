package io.culvert.waypoint.h1;

/** Why bytes are no message: the status that a client gets, and what to look for. */
enum Fault {
    BARE_LF(400, "a line ends in LF without CR"),
    BARE_CR(400, "a CR is not followed by LF"),
    REQUEST_LINE(400, "the request line is not \"METHOD target HTTP/1.1\""),
    TARGET(400, "the request target is malformed"),
    HTTP_1_0(426, "HTTP/1.0 is not served: ask by HTTP/1.1"),
    VERSION(505, "this HTTP version is not served here"),
    METHOD(501, "CONNECT is not served here"),
    STATUS_LINE(502, "the status line is not \"HTTP/1.1 NNN reason\" with a status from 100 to 599"),
    FIELD_NAME(400, "a field name is empty or no token, or white space precedes its colon"),
    OBS_FOLD(400, "a field value is folded over lines"),
    FIELD_VALUE(400, "a field value holds a control character"),
    TOO_LARGE(431, "the head or the trailers are too large"),
    TOO_MANY_FIELDS(431, "there are too many fields"),
    HOST(400, "there must be one Host, and it must be host[:port]"),
    HOST_MISMATCH(400, "Host is another than that of the request target"),
    CONTENT_LENGTH(400, "Content-Length is not one decimal number"),
    LENGTH_AND_ENCODING(400, "there are both Content-Length and Transfer-Encoding"),
    TRANSFER_ENCODING(400, "the last transfer coding is not chunked, or it is there twice"),
    TRANSFER_CODING(501, "no transfer coding is known but chunked"),
    CONNECTION(400, "Connection is malformed or nominates a field that all must see"),
    EXPECT(417, "no expectation is known but 100-continue"),
    BODY_FORBIDDEN(502, "a response that has no body says that it has one"),
    UPGRADE(502, "the protocol was changed to one that was not asked for"),
    INFORMATIONAL_FLOOD(502, "there are too many interim responses"),
    CHUNK_SIZE(400, "a chunk's size is not a hexadecimal number below 2^59"),
    CHUNK_EXTENSION(400, "a chunk's extension is malformed or too long"),
    CHUNK_END(400, "a chunk is not followed by CR LF"),
    TRAILER(400, "a trailer may not be one, or is malformed"),
    SLOW_HEAD(408, "the head did not come in time");

    final int status;
    final String detail;

    Fault(int status, String detail) {
        this.status = status;
        this.detail = detail;
    }
}
