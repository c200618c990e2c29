package io.culvert.core.xds;

import org.jspecify.annotations.Nullable;

/** The types of the workload API and ours, in the order in which additions must be applied. */
public enum ResourceType {
    /** Policies; they come first, so that a workload never names one that is not there yet. */
    AUTHORIZATION("type.googleapis.com/istio.security.Authorization"),
    /** Workloads and services. */
    ADDRESS("type.googleapis.com/istio.workload.Address"),
    /** Resources from which waypoints compile routes; only they ask for it. */
    DOCUMENT("type.googleapis.com/culvert.route.v1.Document");

    private final String url;

    ResourceType(String url) {
        this.url = url;
    }

    /** The type URL. */
    public String url() {
        return url;
    }

    /** The type of a URL, null when it is none of these. */
    public static @Nullable ResourceType of(String url) {
        for (ResourceType type : values()) {
            if (type.url.equals(url)) {
                return type;
            }
        }
        return null;
    }
}
