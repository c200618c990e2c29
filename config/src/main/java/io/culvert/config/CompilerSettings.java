package io.culvert.config;

import java.util.regex.Pattern;

/**
 * What a compilation needs to know of the mesh. Immutable.
 *
 * @param trustDomain SPIFFE trust domain of every workload
 * @param clusterId first part of workload uids
 * @param clusterDomain DNS suffix of services: {@code <name>.<namespace>.svc.<clusterDomain>}
 * @param rootNamespace where policies without a selector hold for the whole mesh
 * @param network network of every address; "" is the default network
 * @param istioLabels whether {@code istio.io/dataplane-mode} opts pods in too
 */
public record CompilerSettings(
        String trustDomain,
        String clusterId,
        String clusterDomain,
        String rootNamespace,
        String network,
        boolean istioLabels) {
    private static final Pattern TRUST_DOMAIN = Pattern.compile("[a-z0-9._-]{1,255}");

    /** What a mesh has when nothing was said: Istio's names. */
    public static final CompilerSettings DEFAULTS =
            new CompilerSettings("cluster.local", "Kubernetes", "cluster.local", "istio-system", "", false);

    public CompilerSettings {
        if (!TRUST_DOMAIN.matcher(trustDomain).matches()) {
            throw new IllegalArgumentException("trust domain \"" + trustDomain
                    + "\": use 1 to 255 of a-z, 0-9, '.', '-' and '_' (SPIFFE ID specification, section 2.1)");
        }
        if (clusterId.isEmpty() || clusterId.contains("/")) {
            throw new IllegalArgumentException("cluster id \"" + clusterId + "\": must not be empty or contain '/'");
        }
        if (clusterDomain.isEmpty() || rootNamespace.isEmpty()) {
            throw new IllegalArgumentException("cluster domain and root namespace must not be empty");
        }
    }
}
