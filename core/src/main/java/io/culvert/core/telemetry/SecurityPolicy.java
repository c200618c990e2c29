package io.culvert.core.telemetry;

/** What protected the bytes of a connection on the way: label {@code connection_security_policy}. */
public enum SecurityPolicy {
    /** TLS with both identities proved. */
    MUTUAL_TLS("mutual_tls"),
    /** Never left the node; both identities held by the agent. Not a TLS connection, so not called one. */
    SAME_NODE("same_node"),
    /** Nothing that the proxy knows of; {@code unknown} is what Istio's dashboards expect. */
    NONE("unknown");

    private final String label;

    SecurityPolicy(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }
}
