package io.culvert.agent;

import com.fasterxml.jackson.core.JsonGenerator;
import io.culvert.identity.CredentialStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** Certificates in ztunnel's shape: {@code identity, state, certChain[], rootCerts[]}; keys are never written. */
final class CertificateJson {
    private static final Base64.Encoder MIME = Base64.getMimeEncoder(64, new byte[] {'\n'});

    private CertificateJson() {}

    static void write(JsonGenerator json, CredentialStatus status) throws IOException {
        json.writeStartObject();
        json.writeStringField("identity", status.id().toString());
        json.writeStringField("state", state(status.state()));
        chain(json, "certChain", status.chain());
        chain(
                json,
                "rootCerts",
                status.bundle() == null ? List.of() : status.bundle().authorities());
        if (status.lastError() != null) {
            json.writeStringField("lastError", status.lastError());
        }
        json.writeEndObject();
    }

    /** {@code Available}, as ztunnel writes it. */
    private static String state(CredentialStatus.State state) {
        String name = state.name();
        return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
    }

    private static void chain(JsonGenerator json, String field, List<X509Certificate> chain) throws IOException {
        json.writeArrayFieldStart(field);
        for (X509Certificate certificate : chain) {
            json.writeStartObject();
            json.writeStringField("pem", pem(certificate));
            json.writeStringField("serialNumber", certificate.getSerialNumber().toString());
            json.writeStringField(
                    "validFrom", certificate.getNotBefore().toInstant().toString());
            json.writeStringField(
                    "expirationTime", certificate.getNotAfter().toInstant().toString());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /** PEM in base64 once more: ztunnel's form, which istioctl decodes. */
    private static String pem(X509Certificate certificate) throws IOException {
        try {
            String pem = "-----BEGIN CERTIFICATE-----\n" + MIME.encodeToString(certificate.getEncoded())
                    + "\n-----END CERTIFICATE-----\n";
            return Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
        } catch (CertificateEncodingException e) {
            throw new IOException(e);
        }
    }
}
