package io.culvert.core.mesh;

/** Where a workload runs; "" for what is not known. Immutable. */
public record Locality(String region, String zone, String subzone) {
    /** Nothing known. */
    public static final Locality UNKNOWN = new Locality("", "", "");
}
