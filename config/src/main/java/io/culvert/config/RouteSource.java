package io.culvert.config;

import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.RequestPolicy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An API in which users say what waypoints do. The graph tells it of changed resources of its kinds, lets it compile each
 * of them, and then asks it about services.
 *
 * <p>Facts are what makes compilation incremental. A fact is any value with equals, a {@link ResourceKey} standing for
 * the resource itself. A compilation states each fact that it depends on ({@link Scope#reads}; the getters of
 * {@link Scope} do it themselves), and who changes a fact touches it: its readers are then compiled again. Phases follow
 * each other (resources, clusters, routes), and a phase touches only what later phases read. Owned by: the compiler's
 * thread.
 */
interface RouteSource {
    /** How users call it, for messages. */
    String name();

    /** The kinds whose changes it is told. */
    Set<Kind> kinds();

    /**
     * Takes a changed resource into the indexes of this source.
     *
     * @param touch takes facts that the change makes different, beside the resource itself
     */
    void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after, Consumer<Object> touch);

    /**
     * First phase: compiles one resource, again whenever it or a fact that its last compilation read has changed.
     * Diagnostics and status that it gives to the scope replace the last ones.
     *
     * @param resource null when it is gone
     */
    default void compile(ResourceKey key, @Nullable Resource resource, Scope scope) {}

    /** Second phase: the traffic policy of a service port, given what sources of lower precedence say. */
    default ClusterPolicy policy(
            ServiceResource service, ServiceResource.Port port, ClusterPolicy inherited, Scope scope) {
        return inherited;
    }

    /**
     * Second phase: subsets of a service port.
     *
     * @param whole the cluster of the whole port
     */
    default List<Cluster> subsets(ServiceResource service, ServiceResource.Port port, Cluster whole, Scope scope) {
        return List.of();
    }

    /**
     * Third phase: the routes of a service by service port, 0 being all ports without an entry of their own; null when
     * nothing of this API is for the service. Of the sources that have routes the first counts alone.
     */
    default @Nullable Map<Integer, PortRoutes> routes(ServiceResource service, Scope scope) {
        return null;
    }

    /** Third phase: the routes of another source count for this service: warns of those of this one. */
    default void overruled(ServiceResource service, RouteSource by, Scope scope) {}

    /** Third phase: authorizations of requests to a service. */
    default List<RequestPolicy> policies(ServiceResource service, Scope scope) {
        return List.of();
    }

    /** Third phase: authorizations of requests to pods that have this waypoint, and not to a service. */
    default List<RequestPolicy> policies(GatewayResource waypoint, Scope scope) {
        return List.of();
    }
}
