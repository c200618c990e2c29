package io.culvert.core.hbone;

import java.util.List;

/** How an attempt to open a stream ended. Immutable. */
public sealed interface OpenResult {
    /** The peer answered 200: the app's connection to its target exists. */
    record Opened(HboneStream stream, List<Header> headers) implements OpenResult {}

    /** The peer answered with another status (l4-ztunnel: 400 bad request, 401 denied by policy, 503 unreachable). */
    record Refused(int status, List<Header> headers) implements OpenResult {}

    /** There was no answer; {@code detail} names the place and the remedy. */
    record Failed(HboneFailure kind, String detail) implements OpenResult {}
}
