package io.culvert.cni;

import io.culvert.cni.IptablesBackend.Flavour;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out how this host takes rules: each candidate loads a rule set with every kind of match into a network
 * namespace that ends with the tool, so the tools and the kernel are both tried and nothing stays. Any thread.
 */
public final class RuleBackends {
    private static final Logger LOG = LoggerFactory.getLogger(RuleBackends.class);
    private static final String AUTO = "auto";

    private RuleBackends() {}

    /**
     * The backend called {@code choice}, or with "auto" the first of nft, iptables-nft and iptables-legacy that works.
     *
     * @throws CaptureException when it does not work, naming what each candidate answered and the remedy
     */
    public static RuleBackend detect(String choice) throws CaptureException {
        ToolRunner tools = new ToolRunner(4, Duration.ofSeconds(10));
        Map<String, RuleBackend> all = all(tools);
        if (!choice.equals(AUTO) && !all.containsKey(choice)) {
            throw new CaptureException(
                    "there is no rule backend \"" + choice + "\": choose auto or one of " + all.keySet());
        }
        List<String> faults = new ArrayList<>();
        for (RuleBackend candidate : all.values()) {
            if (choice.equals(AUTO) || choice.equals(candidate.name())) {
                String fault = attempt(candidate.name(), tools);
                if (fault.isEmpty()) {
                    LOG.info("redirect rules are loaded by {}", candidate.name());
                    return candidate;
                }
                faults.add(candidate.name() + ": " + fault);
            }
        }
        throw new CaptureException("this host takes no redirect rules; " + String.join("; ", faults)
                + ". Install the package nftables or iptables, run the agent as root (CAP_SYS_ADMIN, CAP_NET_ADMIN),"
                + " and use a kernel with NF_NAT, NFT_REDIR or XT_TARGET_REDIRECT, and connection marks");
    }

    /** All backends by name, untried. */
    static Map<String, RuleBackend> all(ToolRunner tools) {
        Map<String, RuleBackend> all = new LinkedHashMap<>();
        all.put(NftBackend.NAME, new NftBackend(tools));
        for (Flavour flavour : Flavour.values()) {
            RuleBackend backend = new IptablesBackend(flavour, tools);
            all.put(backend.name(), backend);
        }
        return all;
    }

    /** "" when the rules could be loaded. */
    private static String attempt(String name, ToolRunner tools) {
        SortedSet<Integer> ports = new TreeSet<>(List.of(1, 2));
        CaptureSpec probe = new CaptureSpec(
                new Excludes(ports, ports, List.of(Cidr.parse("192.0.2.0/24"))),
                ports,
                List.of(Cidr.parse("192.0.2.1")),
                null,
                false);
        RuleSet rules = RuleSet.of(probe);
        String input;
        List<String> load;
        if (name.equals(NftBackend.NAME)) {
            input = NftWriter.replace(rules);
            load = List.of("nft", "-f", "-");
        } else {
            input = IptablesWriter.replace(rules, Family.V4, LiveTables.NONE);
            load = List.of(name + "-restore", "--noflush", "-w", "5");
        }
        List<String> command = new ArrayList<>(List.of("unshare", "--net", "--"));
        command.addAll(load);
        try {
            ToolRunner.Result result = tools.run(command, input);
            return result.ok() ? "" : result.err().replace('\n', ' ');
        } catch (CaptureException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
