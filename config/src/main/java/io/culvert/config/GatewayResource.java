package io.culvert.config;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A Gateway. Of one whose class is none of this mesh's only the class is read. Immutable.
 *
 * @param waypointFor what it carries requests of
 * @param listeners as written
 */
record GatewayResource(Meta meta, String className, Traffic waypointFor, List<Listener> listeners)
        implements RouteResource {
    static final String CLASS = "culvert-waypoint";
    static final String ISTIO_CLASS = "istio-waypoint";
    /** Port of HBONE. */
    static final int PORT = 15008;

    /** What a waypoint is for: the values of label {@code istio.io/waypoint-for}. */
    enum Traffic {
        SERVICE,
        WORKLOAD,
        ALL,
        NONE
    }

    /** Who may use a waypoint. */
    enum From {
        Same,
        All,
        Selector,
        None
    }

    /**
     * One listener.
     *
     * @param namespaces with {@link From#Selector} only
     */
    record Listener(
            String name,
            int port,
            String protocol,
            From from,
            @Nullable Selector namespaces,
            Set<String> kinds,
            Fields.Place place) {}

    /** Whether it is a waypoint of this mesh. */
    boolean isWaypoint(CompilerSettings settings) {
        return className.equals(CLASS) || (settings.istioLabels() && className.equals(ISTIO_CLASS));
    }

    /** Whether it is for what is sent to services. */
    boolean carriesServices() {
        return waypointFor == Traffic.SERVICE || waypointFor == Traffic.ALL;
    }

    /** Whether it is for what is sent to pods' own addresses. */
    boolean carriesWorkloads() {
        return waypointFor == Traffic.WORKLOAD || waypointFor == Traffic.ALL;
    }

    /** Whether services of a namespace may choose it. */
    boolean admits(String namespace, Map<String, String> namespaceLabels) {
        for (Listener listener : listeners) {
            boolean admits = switch (listener.from()) {
                case Same -> namespace.equals(meta.namespace());
                case All -> true;
                case Selector ->
                    listener.namespaces() != null && listener.namespaces().matches(namespaceLabels);
                case None -> false;
            };
            if (admits) {
                return true;
            }
        }
        return false;
    }
}
