package io.culvert.core.xds;

/**
 * How Culvert's server says that a response is one of several that belong together: in system_version_info, which other
 * clients only log. Its client applies them together. Immutable.
 *
 * @param part from 1 to {@code parts}
 */
public record PartMarker(long revision, int part, int parts) {
    private static final String REVISION = "culvert ";
    private static final String PART = " part ";

    /** The marker in a response's system_version_info; 1 of 1 for what another server wrote. */
    public static PartMarker parse(String text) {
        int at = text.indexOf(PART);
        int slash = text.indexOf('/', Math.max(at, 0));
        if (!text.startsWith(REVISION) || at < 0 || slash < 0) {
            return new PartMarker(0, 1, 1);
        }
        try {
            return new PartMarker(
                    Long.parseLong(text.substring(REVISION.length(), at)),
                    Integer.parseInt(text.substring(at + PART.length(), slash)),
                    Integer.parseInt(text.substring(slash + 1)));
        } catch (NumberFormatException e) {
            return new PartMarker(0, 1, 1);
        }
    }

    /** Whether nothing follows that belongs to it. */
    public boolean isLast() {
        return part >= parts;
    }

    @Override
    public String toString() {
        return REVISION + revision + PART + part + "/" + parts;
    }
}
