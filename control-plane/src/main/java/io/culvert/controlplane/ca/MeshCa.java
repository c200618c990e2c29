package io.culvert.controlplane.ca;

import io.culvert.identity.PeerVerifier;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.SpiffeIdException;
import io.culvert.identity.TrustBundle;
import io.culvert.identity.TrustDomain;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.bouncycastle.asn1.x509.GeneralName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one root of a mesh, ECDSA P-256: made once in a state directory and read from there ever after. Signs workloads' leafs
 * and the controller's own serving certificate. Immutable, any thread.
 */
public final class MeshCa {
    /** Below this a certificate could end before its first handshake. */
    public static final Duration MIN_TTL = Duration.ofSeconds(5);
    /** Certificates begin this much in the past, for peers whose clocks are behind. */
    public static final Duration BACKDATE = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(MeshCa.class);
    private static final Duration ROOT_LIFE = Duration.ofDays(3650);
    private static final Duration SERVING_LIFE = Duration.ofDays(30);

    private final TrustDomain trustDomain;
    private final X509Certificate root;
    private final PrivateKey key;
    private final Duration maxTtl;
    private final InstantSource clock;

    private MeshCa(
            TrustDomain trustDomain, X509Certificate root, PrivateKey key, Duration maxTtl, InstantSource clock) {
        this.trustDomain = trustDomain;
        this.root = root;
        this.key = key;
        this.maxTtl = maxTtl;
        this.clock = clock;
    }

    /**
     * Reads the root from the directory, or makes it there the first time.
     *
     * @param stateDirectory gets {@code root-cert.pem} and {@code root-key.pem}
     * @param maxTtl the longest life of a workload's certificate, and the one given when none is asked for
     * @throws CaException if the files contradict each other, the trust domain or the clock, or cannot be read or written
     */
    public static MeshCa open(Path stateDirectory, TrustDomain trustDomain, Duration maxTtl, InstantSource clock)
            throws CaException {
        if (maxTtl.compareTo(MIN_TTL) < 0) {
            throw new CaException("the longest certificate lifetime is " + maxTtl.toSeconds() + " s: at least "
                    + MIN_TTL.toSeconds() + " s are needed");
        }
        RootFiles files = new RootFiles(stateDirectory);
        ECPrivateKey key = files.readKey();
        X509Certificate root = files.readCertificate();
        if (key == null) {
            if (root != null) {
                throw new CaException(files.certificateFile() + " is there but its key " + files.keyFile()
                        + " is not: restore the key, or remove the certificate to start with a new root");
            }
            // The key first: without certificate it binds nobody, so a crash in between costs nothing.
            key = (ECPrivateKey) RootKeys.generate().getPrivate();
            files.writeKey(key);
        }
        if (root == null) {
            root = newRoot(trustDomain, RootKeys.pairOf(key), clock.instant());
            files.writeCertificate(root);
            log.info(
                    "Made the root of trust domain {}, valid until {}, in {}",
                    trustDomain,
                    notAfter(root),
                    stateDirectory);
        }
        check(files, trustDomain, key, root, clock.instant());
        return new MeshCa(trustDomain, root, key, maxTtl, clock);
    }

    public TrustDomain trustDomain() {
        return trustDomain;
    }

    /** The root; not secret. */
    public X509Certificate root() {
        return root;
    }

    /** What peers verify this mesh's certificates by. */
    public TrustBundle bundle() {
        return new TrustBundle(trustDomain, List.of(root));
    }

    /**
     * A workload's certificate.
     *
     * @param ttl wished for; zero or less for the longest. What is given is within {@link #MIN_TTL} and the CA's maximum, and
     *     ends with the root at the latest
     */
    X509Certificate sign(SpiffeId id, PublicKey workloadKey, Duration ttl) throws GeneralSecurityException {
        Instant now = clock.instant();
        return Profiles.workload(id, workloadKey, root, key, now.minus(BACKDATE), end(now, clamp(ttl)));
    }

    /**
     * A certificate with a new key for the controller's own TLS port, for 30 days; made anew at each start and each day.
     *
     * @param names DNS names and IP addresses that agents know the controller by, at least one
     */
    public ServingCertificate serving(List<String> names) {
        if (names.isEmpty()) {
            throw new IllegalArgumentException("the controller's TLS port needs at least one name");
        }
        try {
            KeyPair own = RootKeys.generate();
            Instant now = clock.instant();
            List<GeneralName> sans = names.stream().map(MeshCa::san).toList();
            X509Certificate leaf =
                    Profiles.serving(sans, own.getPublic(), root, key, now.minus(BACKDATE), end(now, SERVING_LIFE));
            return new ServingCertificate(own.getPrivate(), List.of(leaf), root);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the root key in memory signs", e);
        }
    }

    Duration clamp(Duration ttl) {
        if (!ttl.isPositive() || ttl.compareTo(maxTtl) > 0) {
            return maxTtl;
        }
        return ttl.compareTo(MIN_TTL) < 0 ? MIN_TTL : ttl;
    }

    private Instant end(Instant now, Duration life) {
        Instant end = now.plus(life);
        return end.isBefore(notAfter(root)) ? end : notAfter(root);
    }

    private static GeneralName san(String name) {
        boolean address = name.indexOf(':') >= 0 || name.matches("[0-9.]+");
        try {
            return new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is neither a DNS name nor an IP address for the controller's TLS port", e);
        }
    }

    private static Instant notAfter(X509Certificate certificate) {
        return certificate.getNotAfter().toInstant();
    }

    private static void check(
            RootFiles files, TrustDomain trustDomain, ECPrivateKey key, X509Certificate root, Instant now)
            throws CaException {
        if (!RootKeys.pairOf(key).getPublic().equals(root.getPublicKey())) {
            throw new CaException(files.keyFile() + " is not the key of " + files.certificateFile()
                    + ": restore both from one backup");
        }
        TrustDomain stated;
        try {
            stated = PeerVerifier.statedId(root).trustDomain();
        } catch (SpiffeIdException e) {
            throw new CaException(files.certificateFile() + " is no root of a mesh: " + e.getMessage(), e);
        }
        if (!stated.equals(trustDomain)) {
            throw new CaException(files.certificateFile() + " is the root of trust domain " + stated + ", not of "
                    + trustDomain + ": start with trust domain " + stated + " or with another state directory");
        }
        if (now.isAfter(notAfter(root))) {
            throw new CaException(files.certificateFile() + " expired at " + notAfter(root) + ": remove it and "
                    + files.keyFile().getFileName() + " to start with a new root");
        }
    }

    private static X509Certificate newRoot(TrustDomain trustDomain, KeyPair keys, Instant now) {
        try {
            return Profiles.root(
                    trustDomain, keys.getPublic(), keys.getPrivate(), now.minus(BACKDATE), now.plus(ROOT_LIFE));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a key just made signs", e);
        }
    }
}
