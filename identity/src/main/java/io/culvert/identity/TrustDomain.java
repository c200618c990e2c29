package io.culvert.identity;

/**
 * The authority under which identities are issued, such as {@code cluster.local}. Immutable.
 *
 * <p>Grammar of SPIFFE-ID section 2.1: 1 to 255 characters out of {@code a-z 0-9 . - _}. A name that looks like an IPv4
 * address is legal. Upper case is refused rather than folded, so that one domain has one spelling everywhere.
 *
 * @param name the name without scheme; refused with a {@link SpiffeIdException} that names the fault
 */
public record TrustDomain(String name) {
    static final int MAX_LENGTH = 255;

    public TrustDomain {
        check(name);
    }

    /** The ID of the trust domain itself, without a path: the ID that a signing certificate may carry. */
    public SpiffeId id() {
        return new SpiffeId(this, "");
    }

    @Override
    public String toString() {
        return name;
    }

    private static void check(String name) {
        if (name.isEmpty()) {
            throw new SpiffeIdException("trust domain is empty: expected a name such as cluster.local");
        }
        if (name.length() > MAX_LENGTH) {
            throw new SpiffeIdException(
                    "trust domain has " + name.length() + " characters: at most " + MAX_LENGTH + " are allowed");
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!isNameCharacter(c)) {
                throw new SpiffeIdException(
                        "trust domain " + SpiffeId.quote(name) + " " + fault(c) + " at position " + (i + 1));
            }
        }
    }

    static boolean isNameCharacter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    }

    private static String fault(char c) {
        return switch (c) {
            case '@' -> "has user information (@): not allowed in a SPIFFE ID";
            case ':' -> "has a port (:): not allowed in a SPIFFE ID";
            case '%' -> "is percent-encoded: write the character itself";
            default ->
                c >= 'A' && c <= 'Z'
                        ? "has the upper-case letter " + c + ": write it in lower case"
                        : "has the character " + SpiffeId.show(c) + ": only a-z, 0-9, '.', '-' and '_' are allowed";
        };
    }
}
