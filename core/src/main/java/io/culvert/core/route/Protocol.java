package io.culvert.core.route;

/** What is spoken on a service port, as declared by appProtocol or the port's name. */
public enum Protocol {
    /** Not declared: found out from the first bytes, within a bounded wait; TCP when none come. */
    DETECT,
    /** HTTP/1.1 or HTTP/2, as the client's first bytes say; towards the app HTTP/1.1 unless its cluster upgrades. */
    HTTP,
    /** HTTP/2 with prior knowledge towards the app; clients may speak HTTP/1.1 or HTTP/2. */
    HTTP2,
    /** As HTTP2, and errors are told as gRPC statuses. */
    GRPC,
    /** TLS that passes through, routed by server name. */
    TLS,
    /** Bytes. */
    TCP
}
