package io.culvert.agent;

import io.culvert.proto.node.PodReport;
import java.util.Locale;

/**
 * A pod of this node, for admin pages and {@code culvert status}. Immutable.
 *
 * @param state {@code not_enrolled}, {@code pending}, {@code enabled} or {@code failed}
 * @param reason why it is not enabled, or what limits it; "" for nothing
 * @param unproxied connections from before enrolment, which escape policy
 * @param connections connections that the proxy holds now
 * @param healed how often something of its capture was repaired
 */
record PodView(
        String uid,
        String namespace,
        String name,
        String serviceAccount,
        String identity,
        String state,
        String reason,
        String netns,
        int unproxied,
        int connections,
        long healed) {
    static String stateName(PodReport.State state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
