package io.culvert.core.mesh;

/** A virtual address, or range of addresses, of a service on one network. Immutable. */
public record Vip(String network, Cidr range) {
    /** A single address. */
    public static Vip of(String network, Ip address) {
        return new Vip(network, new Cidr(address, address.isIpv4() ? 32 : 128));
    }
}
