package io.culvert.core.mesh;

/** How a waypoint or network gateway is named. Immutable. */
public sealed interface GatewayRef {
    /** Port for HBONE, usually 15008. */
    int hbonePort();

    /** By service host name. */
    record ByHostname(String namespace, String hostname, int hbonePort) implements GatewayRef {}

    /** By address. */
    record ByAddress(String network, Ip address, int hbonePort) implements GatewayRef {}
}
