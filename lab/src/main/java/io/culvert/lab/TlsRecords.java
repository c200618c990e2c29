package io.culvert.lab;

import java.util.Arrays;

/**
 * What the records of a TLS byte stream look like from outside (RFC 8446, sections 4.1.3, 4.2.1 and 5.1). Immutable.
 *
 * @param records how many complete records there are
 * @param applicationBytes bytes in records of type application_data
 * @param alertsInClear alert records before encryption began: a handshake that failed
 * @param whole whether everything is records, to the last byte or to a last record that is cut
 * @param hello whether the first record is a handshake record with a ClientHello or ServerHello
 * @param version13 whether the ServerHello chose TLS 1.3
 */
public record TlsRecords(
        int records, long applicationBytes, int alertsInClear, boolean whole, boolean hello, boolean version13) {
    private static final int HEADER = 5;
    private static final int ALERT = 21;
    private static final int HANDSHAKE = 22;
    private static final int APPLICATION_DATA = 23;
    private static final int CHANGE_CIPHER_SPEC = 20;
    private static final int MAX_LENGTH = 16384 + 256;
    private static final int CLIENT_HELLO = 1;
    private static final int SERVER_HELLO = 2;
    private static final byte[] SUPPORTED_VERSIONS_13 = {0, 43, 0, 2, 3, 4};

    /** Reads one direction of a connection from its first byte. */
    public static TlsRecords of(byte[] stream) {
        int records = 0;
        int alerts = 0;
        long application = 0;
        boolean whole = true;
        int at = 0;
        while (at + HEADER <= stream.length) {
            int type = stream[at];
            int length = length(stream, at);
            if (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA || stream[at + 1] != 3 || length > MAX_LENGTH) {
                whole = false;
                break;
            }
            if (at + HEADER + length > stream.length) {
                break;
            }
            records++;
            alerts += type == ALERT ? 1 : 0;
            application += type == APPLICATION_DATA ? length : 0;
            at += HEADER + length;
        }
        boolean hello = stream.length > HEADER
                && stream[0] == HANDSHAKE
                && (stream[HEADER] == CLIENT_HELLO || stream[HEADER] == SERVER_HELLO);
        boolean version13 = hello
                && stream[HEADER] == SERVER_HELLO
                && TcpStreams.occurrences(firstRecord(stream), SUPPORTED_VERSIONS_13) == 1;
        return new TlsRecords(records, application, alerts, whole, hello, version13);
    }

    private static byte[] firstRecord(byte[] stream) {
        return Arrays.copyOfRange(stream, HEADER, Math.min(stream.length, HEADER + length(stream, 0)));
    }

    private static int length(byte[] stream, int record) {
        return ((stream[record + 3] & 0xff) << 8) | (stream[record + 4] & 0xff);
    }
}
