package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.LoadBalancing;
import io.culvert.core.mesh.Locality;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.LoadBalancer.LocalityPolicy;
import io.culvert.proto.workload.LoadBalancing.Mode;
import io.culvert.proto.workload.LoadBalancing.Scope;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Where endpoints stand as seen from the waypoint: priorities, and whether a locality is meant. */
final class Localities {
    /** No priority: such endpoints are not used. */
    static final int NEVER = Integer.MAX_VALUE;

    /** Exact before {@code *}, longer before shorter. */
    static final Comparator<String> MOST_SPECIFIC_FIRST = Comparator.comparingInt(
                    (String pattern) -> pattern.endsWith("*") ? 1 : 0)
            .thenComparingInt(pattern -> -pattern.length())
            .thenComparing(Comparator.naturalOrder());

    private Localities() {}

    /**
     * The priority by region, zone and subzone, 0 is best; a region that takes over comes before all other foreign ones
     * (DestinationRule, localityLbSetting.failover).
     */
    static int failover(LocalityPolicy policy, Locality own, Locality there) {
        if (!own.region().equals(there.region())) {
            return Objects.equals(policy.failover().get(own.region()), there.region()) ? 3 : 4;
        }
        if (!own.zone().equals(there.zone())) {
            return 2;
        }
        return own.subzone().equals(there.subzone()) ? 0 : 1;
    }

    /**
     * The priority by labels, 0 is best: how many of the list's end are left after the first one that is not shared
     * (failoverPriority). {@code key=value} asks for that value, whatever the waypoint's own is.
     */
    static int failoverPriority(
            List<String> keys,
            Workload own,
            Map<String, String> ownLabels,
            Workload there,
            Map<String, String> labels) {
        for (int i = 0; i < keys.size(); i++) {
            String key = keys.get(i);
            int equals = key.indexOf('=');
            String name = equals < 0 ? key : key.substring(0, equals);
            String wanted = equals < 0 ? label(name, own, ownLabels) : key.substring(equals + 1);
            if (!wanted.equals(label(name, there, labels))) {
                return keys.size() - i;
            }
        }
        return 0;
    }

    /** A label; topology that the mesh knows otherwise need not be labelled. */
    private static String label(String name, Workload workload, Map<String, String> labels) {
        String value = labels.get(name);
        if (value != null) {
            return value;
        }
        return switch (name) {
            case "topology.kubernetes.io/region" -> workload.locality().region();
            case "topology.kubernetes.io/zone" -> workload.locality().zone();
            case "topology.istio.io/subzone" -> workload.locality().subzone();
            case "topology.istio.io/network" -> workload.network();
            case "topology.istio.io/cluster" -> workload.clusterId();
            case "kubernetes.io/hostname" -> workload.node();
            default -> "";
        };
    }

    /** The priority by a service's traffic distribution, 0 is best: leading scopes that are not shared. */
    static int preference(LoadBalancing balancing, Workload own, Workload there) {
        List<Scope> scopes = balancing.routingPreference();
        for (int i = 0; i < scopes.size(); i++) {
            if (!shares(scopes.get(i), own, there)) {
                return balancing.mode() == Mode.STRICT ? NEVER : scopes.size() - i;
            }
        }
        return 0;
    }

    private static boolean shares(Scope scope, Workload own, Workload there) {
        return switch (scope) {
            case REGION -> own.locality().region().equals(there.locality().region());
            case ZONE -> own.locality().zone().equals(there.locality().zone());
            case SUBZONE -> own.locality().subzone().equals(there.locality().subzone());
            case NODE -> own.node().equals(there.node());
            case CLUSTER -> own.clusterId().equals(there.clusterId());
            case NETWORK -> own.network().equals(there.network());
            case UNSPECIFIED_SCOPE, UNRECOGNIZED -> true;
        };
    }

    /** Whether {@code pattern}, {@code region/zone/subzone} with {@code *} at the end or less of it, means a locality. */
    static boolean matches(String pattern, Locality locality) {
        String[] parts = pattern.split("/", -1);
        String[] own = {locality.region(), locality.zone(), locality.subzone()};
        for (int i = 0; i < parts.length && i < own.length; i++) {
            if (parts[i].equals("*")) {
                return true;
            }
            if (!parts[i].equals(own[i])) {
                return false;
            }
        }
        return parts.length <= own.length;
    }
}
