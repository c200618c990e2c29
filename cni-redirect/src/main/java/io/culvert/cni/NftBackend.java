package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Rules as one nft table, replaced as a whole in one transaction. Any thread. */
final class NftBackend implements RuleBackend {
    static final String NAME = "nft";

    private static final List<String> LIST = List.of("nft", "-s", "list", "table", "inet", "culvert");
    private static final Pattern VERDICT =
            Pattern.compile("(accept|redirect to :\\d+|ct mark set .*|meta mark set .*|ct zone set .*)$");

    private final ToolRunner tools;
    private final PolicyRoute route;

    NftBackend(ToolRunner tools) {
        this.tools = tools;
        this.route = new PolicyRoute(tools);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean toldOfChanges() {
        return true;
    }

    @Override
    public Applied apply(NetworkNamespace namespace, RuleSet rules, Runnable loaded) throws CaptureException {
        // The way back for replies before the first connection may need it.
        boolean ipv6 = route.apply(namespace);
        load(namespace, NftWriter.replace(rules));
        loaded.run();
        String live = list(namespace);
        long wanted = rules.chains().stream()
                .mapToLong(chain -> rules.rules(chain).size())
                .sum();
        long found = live.lines().filter(line -> VERDICT.matcher(line).find()).count();
        if (wanted != found) {
            throw new CaptureException("nft table " + NftWriter.TABLE + " in " + namespace.path() + " has " + found
                    + " rules right after " + wanted + " were loaded: is another program changing it?");
        }
        route.check(namespace, ipv6);
        return new Applied(rules, live, ipv6);
    }

    @Override
    public List<Drift> verify(NetworkNamespace namespace, Applied applied) throws CaptureException {
        List<Drift> drifts = new ArrayList<>();
        String live = list(namespace);
        if (!live.equals(applied.live())) {
            drifts.add(
                    new Drift(Part.RULES, Difference.describe("nft table " + NftWriter.TABLE, applied.live(), live)));
        }
        drifts.addAll(route.verify(namespace, applied.ipv6()));
        return drifts;
    }

    @Override
    public void removeRules(NetworkNamespace namespace) throws CaptureException {
        load(namespace, NftWriter.remove());
    }

    @Override
    public void remove(NetworkNamespace namespace) throws CaptureException {
        removeRules(namespace);
        route.remove(namespace);
    }

    private void load(NetworkNamespace namespace, String text) throws CaptureException {
        ToolRunner.Result result =
                tools.inNamespace(namespace.stablePath().toString(), List.of("nft", "-f", "-"), text);
        if (!result.ok()) {
            throw new CaptureException("nft refused the rules in " + namespace.path() + ": " + result.err());
        }
    }

    /** Our table as nft prints it, or "" when there is none. */
    private String list(NetworkNamespace namespace) throws CaptureException {
        ToolRunner.Result result = tools.inNamespace(namespace.stablePath().toString(), LIST, "");
        if (result.ok()) {
            return result.out();
        }
        if (result.err().contains("No such file or directory")) {
            return "";
        }
        throw new CaptureException("nft cannot list the rules in " + namespace.path() + ": " + result.err());
    }
}
