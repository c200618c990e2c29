package io.culvert.agent;

import java.util.Locale;

/**
 * A pod of this node, for admin pages and {@code culvert status}. Immutable.
 *
 * @param state {@code not_enrolled}, {@code pending}, {@code enabled} or {@code failed}
 * @param reason why it is not enabled, or what limits it; "" for nothing
 * @param unproxied connections from before enrolment, which escape policy
 * @param connections connections that the proxy holds now
 */
record PodStatus(
        String uid,
        String namespace,
        String name,
        String serviceAccount,
        String identity,
        String state,
        String reason,
        int unproxied,
        int connections) {
    static String stateName(Enum<?> state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
