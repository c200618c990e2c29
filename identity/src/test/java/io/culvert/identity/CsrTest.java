package io.culvert.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsrTest {
    /** Long enough for lengths of one, two and three bytes. */
    @ParameterizedTest
    @ValueSource(ints = {1, 60, 150, 1900})
    void isWhatAnotherLibraryReads(int length) throws Exception {
        SpiffeId id = new SpiffeId(new TrustDomain("cluster.local"), "/" + "a".repeat(length));
        Csr csr = Csr.create(id);
        try (PEMParser parser = new PEMParser(new StringReader(csr.pem()))) {
            JcaPKCS10CertificationRequest read =
                    new JcaPKCS10CertificationRequest((PKCS10CertificationRequest) parser.readObject());
            assertThat(read.isSignatureValid(new JcaContentVerifierProviderBuilder().build(csr.publicKey())))
                    .isTrue();
            assertThat(read.getPublicKey()).isEqualTo(csr.publicKey());
            assertThat(read.getSubject().getRDNs()).isEmpty();
            Extensions extensions = read.getRequestedExtensions();
            assertThat(extensions.getExtensionOIDs()).containsExactly(Extension.subjectAlternativeName);
            assertThat(extensions.getExtension(Extension.subjectAlternativeName).isCritical())
                    .isTrue();
            assertThat(GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName)
                            .getNames())
                    .containsExactly(new GeneralName(GeneralName.uniformResourceIdentifier, id.toString()));
        }
    }
}
