package io.culvert.core.hbone;

import java.util.List;

/**
 * What a CONNECT asks for (RFC 9113, section 8.5). Immutable.
 *
 * @param authority {@code ip:port}, {@code [ip6]:port} or {@code host:port}
 * @param headers extra fields: baggage, forwarded, traceparent
 */
public record ConnectRequest(String authority, List<Header> headers) {
    public ConnectRequest {
        if (Authority.parse(authority) == null) {
            throw new IllegalArgumentException("not host:port: \"" + authority + "\"");
        }
        headers = List.copyOf(headers);
    }
}
