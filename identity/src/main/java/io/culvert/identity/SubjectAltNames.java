package io.culvert.identity;

import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the URI SANs of a certificate from their bytes. The JDK's reader passes URIs through {@code java.net.URI}, drops an
 * extension that it cannot read, and takes some names for something else; what proves an identity is read exactly.
 */
final class SubjectAltNames {
    static final String OID = "2.5.29.17";

    private SubjectAltNames() {}

    /**
     * All URI SANs in order, as they stand.
     *
     * @throws IllegalArgumentException if the extension cannot be read or a URI has bytes outside of printable ASCII
     */
    static List<String> uris(X509Certificate certificate) {
        List<String> uris = new ArrayList<>(1);
        byte[] extension = certificate.getExtensionValue(OID);
        if (extension == null) {
            return uris;
        }
        ByteBuffer outer = ByteBuffer.wrap(extension);
        ByteBuffer octets = Der.read(outer, Der.OCTET_STRING);
        ByteBuffer names = Der.read(octets, Der.SEQUENCE);
        if (outer.hasRemaining() || octets.hasRemaining()) {
            throw new IllegalArgumentException("bytes behind the SAN extension");
        }
        while (names.hasRemaining()) {
            int tag = Der.peekTag(names);
            ByteBuffer name = Der.readAny(names);
            if (tag == Der.URI_NAME) {
                uris.add(ascii(name));
            }
        }
        return uris;
    }

    private static String ascii(ByteBuffer bytes) {
        StringBuilder text = new StringBuilder(bytes.remaining());
        while (bytes.hasRemaining()) {
            int c = bytes.get();
            if (c <= ' ' || c == 127) {
                throw new IllegalArgumentException(
                        String.format("byte %02x in a URI SAN: only printable ASCII is allowed", c & 0xff));
            }
            text.append((char) c);
        }
        return text.toString();
    }
}
