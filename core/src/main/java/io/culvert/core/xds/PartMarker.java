package io.culvert.core.xds;

/**
 * How Culvert's server says that further responses of the same type belong to one: in system_version_info, which other
 * clients only log. Its client applies them together. Immutable.
 *
 * @param revision of the server's state, for people
 * @param more whether another part follows
 */
public record PartMarker(long revision, boolean more) {
    private static final String REVISION = "culvert ";
    private static final String MORE = " more";

    /** Whether a response's system_version_info announces another part; false for what another server wrote. */
    public static boolean moreFollow(String systemVersionInfo) {
        return systemVersionInfo.startsWith(REVISION) && systemVersionInfo.endsWith(MORE);
    }

    @Override
    public String toString() {
        return REVISION + revision + (more ? MORE : "");
    }
}
