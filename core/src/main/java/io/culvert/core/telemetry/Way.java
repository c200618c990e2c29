package io.culvert.core.telemetry;

/** The way that a connection took through the node: access-log field {@code way}. */
public enum Way {
    /** Both pods on this node, two sockets joined: no TLS. */
    SAME_NODE("same_node"),
    /** HBONE to the destination pod's node. */
    TUNNEL("tunnel"),
    /** HBONE to a waypoint. */
    WAYPOINT("waypoint"),
    /** Outbound as it came: the destination is not in the mesh. */
    PLAIN("plain"),
    /** Outbound, and no way was found or allowed. */
    REFUSED("refused"),
    /** A CONNECT stream that came in on 15008. */
    INBOUND_HBONE("inbound_hbone"),
    /** A connection without identity that came in on 15006. */
    INBOUND_PLAIN("inbound_plain");

    private final String label;

    Way(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }
}
