package io.culvert.cni;

import io.culvert.cni.RuleBackend.Drift;
import io.culvert.cni.RuleBackend.Part;
import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.NamespaceReader;
import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The routing rule and the route by which replies of the app to a preserved client address come back to the proxy:
 * {@code fwmark 0x111/0xfff lookup 100} and {@code local default dev lo table 100}, in both families. Any thread.
 */
final class PolicyRoute {
    static final int TABLE = 100;
    static final int PREFERENCE = 32764;

    private static final String FWMARK =
            "0x" + Integer.toHexString(MeshSockets.APP_CONNMARK) + "/0x" + Integer.toHexString(MeshSockets.MARK_MASK);
    private static final String RULE = "rule %s fwmark " + FWMARK + " pref " + PREFERENCE + " lookup " + TABLE + "\n";
    private static final String ROUTE = "route %s local default dev lo table " + TABLE + "\n";

    private final ToolRunner tools;

    PolicyRoute(ToolRunner tools) {
        this.tools = tools;
    }

    /**
     * Adds what is missing and reads it back.
     *
     * @return whether the namespace has IPv6; without it only IPv4 is set up
     */
    boolean apply(NetworkNamespace namespace) throws CaptureException {
        require(namespace, Family.V4);
        String wrong = ensure(namespace, Family.V6);
        if (wrong.isEmpty()) {
            return true;
        }
        if (unsupported(wrong)) {
            return false;
        }
        throw failure(namespace, wrong);
    }

    /** As {@link #verify}, right after {@link #apply}. */
    void check(NetworkNamespace namespace, boolean ipv6) throws CaptureException {
        for (Drift drift : verify(namespace, ipv6)) {
            throw failure(namespace, drift.detail() + " right after it was added: is another program changing it?");
        }
    }

    /** Reads by netlink and runs no tool. */
    List<Drift> verify(NetworkNamespace namespace, boolean ipv6) throws CaptureException {
        List<Drift> drifts = new ArrayList<>();
        for (Family family : Family.values()) {
            if (family == Family.V4 || ipv6) {
                String missing = missing(namespace, family);
                if (!missing.isEmpty()) {
                    drifts.add(new Drift(Part.ROUTE, missing + " is missing (ip " + family.option + ")"));
                }
            }
        }
        return drifts;
    }

    void remove(NetworkNamespace namespace) throws CaptureException {
        for (Family family : Family.values()) {
            batch(namespace, family, RULE.formatted("del") + ROUTE.formatted("del"));
        }
    }

    private void require(NetworkNamespace namespace, Family family) throws CaptureException {
        String wrong = ensure(namespace, family);
        if (!wrong.isEmpty()) {
            throw failure(namespace, wrong);
        }
    }

    /** "" when rule and route stand, otherwise what the tool says. */
    private String ensure(NetworkNamespace namespace, Family family) throws CaptureException {
        if (stands(namespace, family)) {
            // As in every namespace that an agent before us had captured.
            return "";
        }
        // "rule add" has no "replace": that it exists already is the usual failure.
        ToolRunner.Result result = batch(namespace, family, RULE.formatted("add") + ROUTE.formatted("replace"));
        String error = result.err().replace('\n', ' ');
        if (unsupported(error)) {
            return error;
        }
        String missing = missing(namespace, family);
        return missing.isEmpty() ? "" : missing + " is missing: " + error;
    }

    private ToolRunner.Result batch(NetworkNamespace namespace, Family family, String lines) throws CaptureException {
        return tools.inNamespace(
                namespace.stablePath().toString(), List.of("ip", family.option, "-force", "-batch", "-"), lines);
    }

    private static boolean stands(NetworkNamespace namespace, Family family) {
        try {
            return missing(namespace, family).isEmpty();
        } catch (CaptureException e) {
            return false; // A kernel without the family, most likely: the tool says what it is.
        }
    }

    /** A kernel or a namespace without the family. */
    private static boolean unsupported(String error) {
        return error.contains("IPv6 is disabled") || error.contains("not supported");
    }

    private static String missing(NetworkNamespace namespace, Family family) throws CaptureException {
        boolean ipv6 = family == Family.V6;
        try (NamespaceReader reader = NamespaceReader.open(namespace)) {
            if (!reader.hasMarkRule(ipv6, PREFERENCE, MeshSockets.APP_CONNMARK, MeshSockets.MARK_MASK, TABLE)) {
                return "routing rule " + PREFERENCE;
            }
            return reader.hasLocalDefault(ipv6, TABLE) ? "" : "route of table " + TABLE;
        } catch (IOException | IllegalStateException e) {
            throw new CaptureException("cannot read the routing in " + namespace.path() + ": " + e.getMessage(), e);
        }
    }

    private static CaptureException failure(NetworkNamespace namespace, String what) {
        return new CaptureException("cannot set up routing in " + namespace.path() + ": " + what
                + " (the agent needs CAP_NET_ADMIN there and the kernel IP_MULTIPLE_TABLES)");
    }
}
