package io.culvert.core.mesh;

/** One compiled condition of a policy. Allocates nothing. Immutable. */
@FunctionalInterface
interface Matcher {
    /** Always. */
    Matcher TRUE = c -> true;
    /** Never. */
    Matcher FALSE = c -> false;

    boolean matches(PolicyContext connection);

    /** All of them; TRUE for none. */
    static Matcher allOf(Matcher... parts) {
        return switch (parts.length) {
            case 0 -> TRUE;
            case 1 -> parts[0];
            default ->
                c -> {
                    for (Matcher part : parts) {
                        if (!part.matches(c)) {
                            return false;
                        }
                    }
                    return true;
                };
        };
    }

    /** At least one of them; FALSE for none. */
    static Matcher anyOf(Matcher... parts) {
        return switch (parts.length) {
            case 0 -> FALSE;
            case 1 -> parts[0];
            default ->
                c -> {
                    for (Matcher part : parts) {
                        if (part.matches(c)) {
                            return true;
                        }
                    }
                    return false;
                };
        };
    }

    /** Its opposite. */
    default Matcher negated() {
        return c -> !matches(c);
    }
}
