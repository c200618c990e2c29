package io.culvert.cni;

/** The chains of the rule set: one per table and hook, under each backend's own names. */
enum Chain {
    RAW_PREROUTING("raw", "PREROUTING", "raw-pre", "type filter hook prerouting priority -300"),
    RAW_OUTPUT("raw", "OUTPUT", "raw-out", "type filter hook output priority -300"),
    MANGLE_PREROUTING("mangle", "PREROUTING", "mangle-pre", "type filter hook prerouting priority -150"),
    // "route": a changed mark must lead to another routing decision.
    MANGLE_OUTPUT("mangle", "OUTPUT", "mangle-out", "type route hook output priority -150"),
    NAT_PREROUTING("nat", "PREROUTING", "nat-pre", "type nat hook prerouting priority -100"),
    NAT_OUTPUT("nat", "OUTPUT", "nat-out", "type nat hook output priority -100");

    /** Table of iptables. */
    final String table;
    /** Built-in chain of iptables that jumps to ours. */
    final String builtin;
    /** Name in our nft table. */
    final String nft;
    /** Hook of the nft base chain. */
    final String hook;

    Chain(String table, String builtin, String nft, String hook) {
        this.table = table;
        this.builtin = builtin;
        this.nft = nft;
        this.hook = hook;
    }

    /** Our chain's name in iptables; short, as names end at 28 characters. */
    String iptables() {
        return IptablesWriter.PREFIX + builtin;
    }

    /** Whether the chain sends connections to the proxy, rather than keeping those alive that it has. */
    boolean redirects() {
        return table.equals("nat");
    }
}
