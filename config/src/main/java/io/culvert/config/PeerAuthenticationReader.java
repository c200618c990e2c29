package io.culvert.config;

import io.culvert.config.PeerAuthenticationResource.Mode;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads PeerAuthentications. */
final class PeerAuthenticationReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        if (spec == null) {
            return new PeerAuthenticationResource(
                    meta, PolicyScopes.EVERYTHING, Mode.UNSET, Collections.emptySortedMap(), false);
        }
        Selector selector = PolicyScopes.selector(spec);
        Mode mode = mode(spec.object("mtls"));
        SortedMap<Integer, Mode> ports = new TreeMap<>();
        Fields levels = spec.object("portLevelMtls");
        if (levels != null) {
            ports(levels, ports);
            if (selector.isEmpty()) {
                spec.error("portLevelMtls", "needs a selector: ports are those of workloads; add spec.selector");
            }
        }
        spec.finish();
        return new PeerAuthenticationResource(meta, selector, mode, Collections.unmodifiableSortedMap(ports), false);
    }

    private static void ports(Fields levels, SortedMap<Integer, Mode> ports) {
        if (levels.names().isEmpty()) {
            levels.error("", "is empty: name a port or remove it");
        }
        for (String name : levels.names()) {
            int port = PortText.parse(name);
            if (port < 0) {
                levels.error(name, "\"" + name + "\" is no port: use 1 to 65535");
                levels.known(name);
            } else {
                ports.put(port, mode(levels.object(name)));
            }
        }
    }

    private static Mode mode(@Nullable Fields mtls) {
        if (mtls == null) {
            return Mode.UNSET;
        }
        Mode mode = mtls.choice("mode", Mode.class);
        if (mode == Mode.DISABLE) {
            mtls.warning(
                    "mode",
                    "DISABLE is not supported without sidecars: mutual TLS stays on between pods of the mesh, and "
                            + "plaintext is accepted as with PERMISSIVE; write PERMISSIVE");
        }
        mtls.finish();
        return mode == null ? Mode.UNSET : mode;
    }

    @Override
    public Resource closed(Fields root, Meta meta) {
        return closed(meta, PolicyScopes.readable(root));
    }

    static PeerAuthenticationResource closed(Meta meta, Selector selector) {
        return new PeerAuthenticationResource(meta, selector, Mode.UNSET, Collections.emptySortedMap(), true);
    }
}
