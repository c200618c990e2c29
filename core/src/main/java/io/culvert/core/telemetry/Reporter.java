package io.culvert.core.telemetry;

/** Which end of a connection the reporting proxy serves: label {@code reporter}. */
public enum Reporter {
    SOURCE("source", "outbound"),
    DESTINATION("destination", "inbound"),
    WAYPOINT("waypoint", "inbound");

    private final String label;
    private final String direction;

    Reporter(String label, String direction) {
        this.label = label;
        this.direction = direction;
    }

    /** Value of the metric label {@code reporter}. */
    public String label() {
        return label;
    }

    /** Value of the access-log field {@code direction}. */
    public String direction() {
        return direction;
    }
}
