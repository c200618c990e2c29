package io.culvert.controlplane.ca;

import io.culvert.identity.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The root's key and certificate as files: {@code root-key.pem}, for the owner only, and {@code root-cert.pem}. */
final class RootFiles {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> ALL_READ = PosixFilePermissions.fromString("rw-r--r--");
    private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String END = "-----END PRIVATE KEY-----";

    private final Path directory;

    RootFiles(Path directory) {
        this.directory = directory;
    }

    Path keyFile() {
        return directory.resolve("root-key.pem");
    }

    Path certificateFile() {
        return directory.resolve("root-cert.pem");
    }

    /** Null when there is none. */
    @Nullable
    ECPrivateKey readKey() throws CaException {
        String text = read(keyFile());
        if (text == null) {
            return null;
        }
        checkPermissions();
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new CaException(keyFile() + " holds no PKCS#8 key (" + BEGIN + "): restore it from a backup");
        }
        try {
            byte[] der = Base64.getMimeDecoder().decode(text.substring(begin + BEGIN.length(), end));
            return (ECPrivateKey) KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new CaException(
                    keyFile() + " holds no readable EC key: restore it from a backup (" + e.getMessage() + ")", e);
        }
    }

    /** Null when there is none. */
    @Nullable
    X509Certificate readCertificate() throws CaException {
        String text = read(certificateFile());
        if (text == null) {
            return null;
        }
        try {
            List<X509Certificate> certificates = Pem.certificates(text);
            if (certificates.size() != 1) {
                throw new CaException(certificateFile() + " holds " + certificates.size()
                        + " certificates where the mesh's one root is expected: restore it from a backup");
            }
            return certificates.getFirst();
        } catch (CertificateException e) {
            throw new CaException(
                    certificateFile() + " cannot be read: restore it from a backup (" + e.getMessage() + ")", e);
        }
    }

    void writeKey(PrivateKey key) throws CaException {
        write(keyFile(), Pem.encode("PRIVATE KEY", key.getEncoded()), OWNER_ONLY);
    }

    void writeCertificate(X509Certificate certificate) throws CaException {
        try {
            write(certificateFile(), Pem.encode("CERTIFICATE", certificate.getEncoded()), ALL_READ);
        } catch (CertificateException e) {
            throw new IllegalStateException("a certificate just made has an encoding", e);
        }
    }

    private void checkPermissions() throws CaException {
        try {
            Set<PosixFilePermission> found = Files.getPosixFilePermissions(keyFile());
            if (!OWNER_ONLY.containsAll(found)) {
                throw new CaException(keyFile() + " is open to others ("
                        + PosixFilePermissions.toString(found) + "): run chmod 600 " + keyFile()
                        + ", and if others may have read it, remove it with "
                        + certificateFile().getFileName()
                        + " to start with a new root");
            }
        } catch (IOException e) {
            throw new CaException("cannot look at " + keyFile() + ": " + e.getMessage(), e);
        }
    }

    private static @Nullable String read(Path file) throws CaException {
        try {
            return Files.readString(file, StandardCharsets.US_ASCII);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw new CaException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Whole or not at all: a crash leaves the file absent, never cut off. */
    private void write(Path file, String text, Set<PosixFilePermission> permissions) throws CaException {
        Path temporary = file.resolveSibling("." + file.getFileName() + ".new");
        try {
            Files.createDirectories(directory);
            Files.deleteIfExists(temporary);
            Files.createFile(temporary, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            Files.writeString(temporary, text, StandardCharsets.US_ASCII, StandardOpenOption.SYNC);
            Files.setPosixFilePermissions(temporary, permissions);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new CaException(
                    "cannot write " + file + ": " + e + "; the state directory must be writable for the controller", e);
        }
    }
}
