package io.culvert.config;

import java.util.List;

/**
 * The status of a resource that waypoints execute, as Gateway API words it. Immutable.
 *
 * @param resource {@code Kind namespace/name}
 * @param conditions of the resource as a whole; routes and policies have none
 * @param parents one entry for each reference to a parent or target that is this mesh's, in order
 */
public record RouteStatus(String resource, List<Condition> conditions, List<Parent> parents) {
    public RouteStatus {
        conditions = List.copyOf(conditions);
        parents = List.copyOf(parents);
    }

    /** Whether no condition says that something of it does not count. */
    public boolean inForce() {
        return holds(conditions) && parents.stream().allMatch(parent -> holds(parent.conditions()));
    }

    private static boolean holds(List<Condition> conditions) {
        return conditions.stream().allMatch(Condition::status);
    }

    /**
     * What is true of the resource as far as one parent goes.
     *
     * @param parent {@code Kind namespace/name}, with {@code :port} or {@code #section} where the reference has them
     */
    public record Parent(String parent, List<Condition> conditions) {
        public Parent {
            conditions = List.copyOf(conditions);
        }
    }

    /**
     * One condition.
     *
     * @param type {@code Accepted}, {@code ResolvedRefs}, {@code Programmed}, {@code ResolvedWaypoints}
     * @param reason as Gateway API lists it for the type
     */
    public record Condition(String type, boolean status, String reason, String message) {}
}
