package io.culvert.core.tls;

/** Which key agreements of TLS 1.3 tunnels offer and accept, best first; P-256 for peers that know no other. Immutable. */
public enum KeyAgreement {
    /** Post-quantum first: X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem). What peers without it choose instead is X25519. */
    HYBRID("hybrid"),
    /** Without the post-quantum share: a smaller and cheaper handshake, which whoever records it may break later. */
    CLASSICAL("classical");

    private final String label;

    KeyAgreement(String label) {
        this.label = label;
    }

    /** Its name for users. */
    public String label() {
        return label;
    }

    /** As BoringSSL names them; P-256 is for peers that know no other. */
    String[] groups() {
        return switch (this) {
            case HYBRID -> new String[] {"X25519MLKEM768", "X25519", "P-256"};
            case CLASSICAL -> new String[] {"X25519", "P-256"};
        };
    }
}
