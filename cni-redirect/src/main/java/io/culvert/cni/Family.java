package io.culvert.cni;

/** An address family of rules and routes. */
enum Family {
    V4("-4", "127.0.0.1"),
    V6("-6", "::1");

    /** Option of ip(8). */
    final String option;

    private final String loopback;

    Family(String option, String loopback) {
        this.option = option;
        this.loopback = loopback;
    }

    Cidr loopback() {
        return Cidr.parse(loopback);
    }

    static Family of(Cidr cidr) {
        return cidr.isIpv4() ? V4 : V6;
    }
}
