package io.culvert.waypoint.http;

/**
 * The head of a request. The fields have no hop-by-hop fields, no host, no framing fields: those are made anew by the codec
 * that sends it. Content-length stays where the client gave one, so that it can be told on.
 *
 * @param method a token
 * @param scheme {@code http} or {@code https}
 * @param authority host with optional port, as the client wrote it, in lower case; never empty
 * @param path {@code /...} with query, or {@code *} for OPTIONS; normalised
 * @param fields owned by this head; copy before changing
 * @param upgrade the protocol that the client wants to change to, "" for none: {@code websocket}
 */
public record RequestHead(String method, String scheme, String authority, String path, Fields fields, String upgrade) {
    /** The same with other fields. */
    public RequestHead with(Fields changed) {
        return new RequestHead(method, scheme, authority, path, changed, upgrade);
    }
}
