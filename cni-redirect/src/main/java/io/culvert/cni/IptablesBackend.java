package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Rules by iptables-restore and ip6tables-restore, of the nf_tables or the legacy flavour. Each table of each family is
 * changed in one atomic step, and none is ever emptied first. Any thread.
 */
final class IptablesBackend implements RuleBackend {
    /** The two flavours: the same text, other kernel interfaces. */
    enum Flavour {
        NFT("nft"),
        LEGACY("legacy");

        private final String suffix;

        Flavour(String suffix) {
            this.suffix = suffix;
        }

        List<String> restore(Family family) {
            // -w: the legacy lock is shared by all namespaces of the host.
            return List.of(tool(family) + "-restore", "--noflush", "-w", "5");
        }

        List<String> save(Family family) {
            return List.of(tool(family) + "-save");
        }

        private String tool(Family family) {
            return (family == Family.V4 ? "iptables-" : "ip6tables-") + suffix;
        }
    }

    private final Flavour flavour;
    private final ToolRunner tools;
    private final PolicyRoute route;

    IptablesBackend(Flavour flavour, ToolRunner tools) {
        this.flavour = flavour;
        this.tools = tools;
        this.route = new PolicyRoute(tools);
    }

    @Override
    public String name() {
        return "iptables-" + flavour.suffix;
    }

    @Override
    public boolean toldOfChanges() {
        // nf_tables has events; the legacy interface has none (the kernel replaces whole tables in setsockopt).
        return flavour == Flavour.NFT;
    }

    @Override
    public Applied apply(NetworkNamespace namespace, RuleSet rules, Runnable loaded) throws CaptureException {
        boolean ipv6 = route.apply(namespace);
        Map<Family, String> inputs = new EnumMap<>(Family.class);
        for (Family family : families(ipv6)) {
            String input = IptablesWriter.replace(rules, family, read(namespace, family));
            restore(namespace, family, input);
            inputs.put(family, input);
        }
        loaded.run();
        StringBuilder live = new StringBuilder();
        for (Map.Entry<Family, String> each : inputs.entrySet()) {
            LiveTables now = read(namespace, each.getKey());
            count(namespace, rules, LiveTables.parse(each.getValue()), now);
            live.append(now.text());
        }
        route.check(namespace, ipv6);
        return new Applied(rules, live.toString(), ipv6);
    }

    @Override
    public List<Drift> verify(NetworkNamespace namespace, Applied applied) throws CaptureException {
        StringBuilder live = new StringBuilder();
        for (Family family : families(applied.ipv6())) {
            live.append(read(namespace, family).text());
        }
        List<Drift> drifts = new ArrayList<>();
        if (!live.toString().equals(applied.live())) {
            drifts.add(new Drift(Part.RULES, Difference.describe(name(), applied.live(), live.toString())));
        }
        drifts.addAll(route.verify(namespace, applied.ipv6()));
        return drifts;
    }

    @Override
    public void removeRules(NetworkNamespace namespace) throws CaptureException {
        for (Family family : Family.values()) {
            ToolRunner.Result saved = save(namespace, family);
            if (family == Family.V6 && !saved.ok()) {
                continue; // No IPv6 tables in this kernel: nothing can be there.
            }
            String input = IptablesWriter.remove(parse(namespace, family, saved));
            if (!input.isEmpty()) {
                restore(namespace, family, input);
            }
        }
    }

    @Override
    public void remove(NetworkNamespace namespace) throws CaptureException {
        removeRules(namespace);
        route.remove(namespace);
    }

    private static void count(NetworkNamespace namespace, RuleSet rules, LiveTables written, LiveTables now)
            throws CaptureException {
        for (Chain chain : rules.chains()) {
            int wanted = written.size(chain.table, chain.iptables());
            int found = now.size(chain.table, chain.iptables());
            if (wanted != found) {
                throw new CaptureException("chain " + chain.iptables() + " of table " + chain.table + " in "
                        + namespace.path() + " has " + found + " rules right after " + wanted
                        + " were loaded: is another program changing it?");
            }
        }
    }

    private static List<Family> families(boolean ipv6) {
        return ipv6 ? List.of(Family.V4, Family.V6) : List.of(Family.V4);
    }

    private LiveTables read(NetworkNamespace namespace, Family family) throws CaptureException {
        return parse(namespace, family, save(namespace, family));
    }

    private LiveTables parse(NetworkNamespace namespace, Family family, ToolRunner.Result saved)
            throws CaptureException {
        if (!saved.ok()) {
            throw new CaptureException(
                    flavour.save(family).getFirst() + " failed in " + namespace.path() + ": " + saved.err());
        }
        return LiveTables.parse(saved.out());
    }

    private ToolRunner.Result save(NetworkNamespace namespace, Family family) throws CaptureException {
        return tools.inNamespace(namespace.stablePath().toString(), flavour.save(family), "");
    }

    private void restore(NetworkNamespace namespace, Family family, String input) throws CaptureException {
        ToolRunner.Result result = tools.inNamespace(namespace.stablePath().toString(), flavour.restore(family), input);
        if (!result.ok()) {
            throw new CaptureException(flavour.restore(family).getFirst() + " refused the rules in " + namespace.path()
                    + ": " + result.err().replace('\n', ' '));
        }
    }
}
