package io.culvert.waypoint.telemetry;

/** What is remarkable about how a request ended, under the names that Envoy gave it. */
public enum ResponseFlag {
    /** UH: the cluster has no healthy endpoint. */
    NO_HEALTHY_ENDPOINT("UH"),
    /** UF: no connection to the endpoint. */
    CONNECT_FAILED("UF"),
    /** UO: a limit of the cluster. */
    OVERFLOW("UO"),
    /** NR: no route matched. */
    NO_ROUTE("NR"),
    /** NC: the route leads to a cluster that does not exist. */
    NO_CLUSTER("NC"),
    /** URX: no more retries, by their number or their budget. */
    RETRY_LIMIT("URX"),
    /** UT: the app took too long. */
    TIMEOUT("UT"),
    /** UC: the connection to the app was lost. */
    CONNECTION_LOST("UC"),
    /** UR: the app reset the stream. */
    RESET("UR"),
    /** DC: the client went away. */
    CLIENT_GONE("DC"),
    /** LR: we gave the stream up. */
    LOCAL_RESET("LR"),
    /** DI: a delay was injected. */
    DELAY_INJECTED("DI"),
    /** FI: an abort was injected. */
    FAULT_INJECTED("FI"),
    /** SI: no byte for too long. */
    IDLE("SI"),
    /** DPE: the client broke the protocol. */
    CLIENT_PROTOCOL_ERROR("DPE"),
    /** UPE: the app broke the protocol. */
    UPSTREAM_PROTOCOL_ERROR("UPE");

    private final String label;

    ResponseFlag(String label) {
        this.label = label;
    }

    /** Envoy's abbreviation. */
    public String label() {
        return label;
    }
}
