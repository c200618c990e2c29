package io.culvert.waypoint.cluster;

/**
 * A 64-bit hash for spreading: fast, well mixed, the same in every waypoint and after a restart. Not for secrets. Any
 * thread.
 */
final class Hash64 {
    private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

    private Hash64() {}

    static long of(CharSequence text, long seed) {
        long hash = mix(seed + text.length() * GOLDEN);
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * GOLDEN;
            hash ^= hash >>> 29;
        }
        return mix(hash);
    }

    static long of(byte[] bytes) {
        long hash = mix(bytes.length * GOLDEN);
        for (byte b : bytes) {
            hash = (hash ^ (b & 0xff)) * GOLDEN;
            hash ^= hash >>> 29;
        }
        return mix(hash);
    }

    /** Spreads what may differ in few bits over all of them. */
    static long mix(long value) {
        long mixed = value;
        mixed = (mixed ^ (mixed >>> 33)) * 0xFF51_AFD7_ED55_8CCDL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xC4CE_B9FE_1A85_EC53L;
        return mixed ^ (mixed >>> 33);
    }
}
