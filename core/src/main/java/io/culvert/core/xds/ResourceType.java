package io.culvert.core.xds;

import org.jspecify.annotations.Nullable;

/** The types of the workload API, in the order in which additions must be applied. */
public enum ResourceType {
    /** Policies; they come first, so that a workload never names one that is not there yet. */
    AUTHORIZATION("type.googleapis.com/istio.security.Authorization"),
    /** Workloads and services. */
    ADDRESS("type.googleapis.com/istio.workload.Address");

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
