package io.culvert.config;

import java.util.regex.Pattern;

/** Grammars of Kubernetes names and labels (RFC 1123) and of SPIFFE IDs without their scheme. */
final class NameGrammar {
    private static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
    private static final Pattern DNS_NAME =
            Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final Pattern LABEL_NAME = Pattern.compile("[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?");
    private static final Pattern SPIFFE_PATH = Pattern.compile("(/[A-Za-z0-9._-]+)*");
    private static final Pattern DOTS = Pattern.compile("/\\.{1,2}(/|$)");
    private static final Pattern TRUST_DOMAIN = Pattern.compile("[a-z0-9._-]{1,255}");
    private static final Pattern SPIFFE_PART = Pattern.compile("[A-Za-z0-9._/-]+");

    private NameGrammar() {}

    static boolean isDnsLabel(String text) {
        return DNS_LABEL.matcher(text).matches();
    }

    static boolean isDnsName(String text) {
        return text.length() <= 253 && DNS_NAME.matcher(text).matches();
    }

    static boolean isLabelKey(String text) {
        int slash = text.indexOf('/');
        return LABEL_NAME.matcher(text.substring(slash + 1)).matches()
                && (slash < 0 || isDnsName(text.substring(0, slash)));
    }

    static boolean isLabelValue(String text) {
        return text.isEmpty() || LABEL_NAME.matcher(text).matches();
    }

    /** A whole SPIFFE ID without {@code spiffe://}. */
    static boolean isSpiffeName(String text) {
        int slash = text.indexOf('/');
        String path = slash < 0 ? "" : text.substring(slash);
        return TRUST_DOMAIN.matcher(slash < 0 ? text : text.substring(0, slash)).matches()
                && !path.isEmpty()
                && SPIFFE_PATH.matcher(path).matches()
                && !DOTS.matcher(path).find();
    }

    /** The fixed part of a principal with a wildcard. */
    static boolean isPartOfSpiffeName(String text) {
        return SPIFFE_PART.matcher(text).matches() && !text.contains("//");
    }
}
