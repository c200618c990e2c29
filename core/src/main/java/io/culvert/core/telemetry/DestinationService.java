package io.culvert.core.telemetry;

/** The service that a client addressed, as labels tell it. Immutable: make one per service and keep it. */
public record DestinationService(String host, String name, String namespace) {
    /** An address was sent to, and no service. */
    public static final DestinationService UNKNOWN = new DestinationService("unknown", "unknown", "unknown");
}
