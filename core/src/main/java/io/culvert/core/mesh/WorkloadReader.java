package io.culvert.core.mesh;

import com.google.protobuf.ByteString;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.SpiffeIdException;
import io.culvert.identity.TrustDomain;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.proto.workload.WorkloadType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a workload of another node straight from its bytes: a whole mesh is a hundred thousand of them, whose messages
 * would be four times as much memory as what is kept, and whose names are mostly known already. It reads what controllers
 * send for nearly every workload; for anything else, and for whatever is wrong, it reads nothing, and the protobuf parser
 * decides. Extensions are for the agent of the workload's node and are not looked into. Owned by: one thread.
 */
final class WorkloadReader extends WireCursor {
    /** A longer one is left to protobuf, so that the buffer stays small. */
    private static final int MAX_BYTES = 1 << 16;

    private static final String DEFAULT_ACCOUNT = "default";
    private static final String DEFAULT_CLUSTER = "Kubernetes";

    private final String localNode;
    private TrustDomain trustDomain = ResourceDecoder.DEFAULT_TRUST_DOMAIN;

    // The fields of the workload, as they come.
    private String uid = "";
    private String name = "";
    private String namespace = "";
    private String network = "";
    private String domain = "";
    private String account = "";
    private String node = "";
    private String canonicalName = "";
    private String canonicalRevision = "";
    private String workloadName = "";
    private String clusterId = "";
    private String hostname = "";
    private List<Ip> addresses = List.of();
    private Map<String, PortMap> services = Map.of();
    private List<String> policies = List.of();
    private Locality locality = Locality.UNKNOWN;
    private WorkloadType type = WorkloadType.DEPLOYMENT;
    private boolean located;
    private int tunnel;
    private int status;
    private int networkMode;
    private int nativeTunnel;

    /** @param localNode whose own workloads are left to protobuf */
    WorkloadReader(String localNode) {
        this.localNode = localNode;
    }

    /**
     * The workload in an {@code istio.workload.Address}; null when protobuf has to read it.
     *
     * @param resource what its uid has to be
     */
    @Nullable
    Workload read(String resource, ByteString address) {
        if (address.isEmpty() || address.size() > MAX_BYTES) {
            return null;
        }
        begin(address);
        if (number() != (1 << 3 | TEXT) || number() != end - at) {
            return null;
        }
        clear();
        while (at < end && !odd) {
            field(resource);
        }
        return odd || uid.isEmpty() || node.equals(localNode) ? null : build();
    }

    private void clear() {
        uid = name = namespace = network = domain = account = node = "";
        canonicalName = canonicalRevision = workloadName = clusterId = hostname = "";
        addresses = List.of();
        services = Map.of();
        policies = List.of();
        locality = Locality.UNKNOWN;
        located = false;
        type = WorkloadType.DEPLOYMENT;
        tunnel = status = networkMode = nativeTunnel = 0;
    }

    /** One field by its tag: number and wire type of {@code istio.workload.Workload}. */
    private void field(String resource) {
        switch (number()) {
            case 1 << 3 | TEXT -> name = ownText();
            case 2 << 3 | TEXT -> namespace = text();
            case 3 << 3 | TEXT -> address();
            case 4 << 3 | TEXT -> network = text();
            case 5 << 3 -> tunnel = upTo(1);
            case 6 << 3 | TEXT -> domain = text();
            case 7 << 3 | TEXT -> account = text();
            case 9 << 3 | TEXT -> node = text();
            case 10 << 3 | TEXT -> canonicalName = text();
            case 11 << 3 | TEXT -> canonicalRevision = text();
            case 12 << 3 -> type = WorkloadType.forNumber(upTo(WorkloadType.JOB_VALUE));
            case 13 << 3 | TEXT -> workloadName = text();
            case 14 << 3 -> nativeTunnel = upTo(1);
            case 16 << 3 | TEXT -> policies();
            case 17 << 3 -> status = upTo(1);
            case 18 << 3 | TEXT -> clusterId = text();
            case 20 << 3 | TEXT -> uid = known(resource);
            case 21 << 3 | TEXT -> hostname = ownText();
            case 22 << 3 | TEXT -> service();
            case 24 << 3 | TEXT -> locality();
            case 25 << 3 -> networkMode = upTo(1);
            case 26 << 3 | TEXT -> skip();
            default -> odd = true;
        }
    }

    private @Nullable Workload build() {
        SpiffeId identity;
        String runsAs = account.isEmpty() ? DEFAULT_ACCOUNT : account;
        try {
            if (domain.isEmpty()) {
                trustDomain = ResourceDecoder.DEFAULT_TRUST_DOMAIN;
            } else if (!domain.equals(trustDomain.name())) {
                trustDomain = new TrustDomain(domain);
            }
            identity = Sharing.identity(trustDomain, namespace, runsAs);
        } catch (SpiffeIdException e) {
            return null;
        }
        return new Workload(
                uid,
                name,
                namespace,
                runsAs,
                identity,
                addresses,
                network,
                node,
                tunnel == 1,
                nativeTunnel == 1,
                status == 0,
                networkMode == 1,
                hostname,
                locality,
                1,
                canonicalName,
                canonicalRevision,
                type,
                workloadName,
                clusterId.isEmpty() ? DEFAULT_CLUSTER : clusterId,
                services,
                policies,
                null,
                null,
                0,
                null);
    }

    private void address() {
        int length = length();
        Ip ip;
        switch (length) {
            case 4 -> ip = Ip.ofIpv4((bytes[at] & 0xffL) << 24 | word24(at + 1));
            case 16 -> ip = Ip.of(Arrays.copyOfRange(bytes, at, at + 16));
            default -> {
                odd = true;
                return;
            }
        }
        at += length;
        if (addresses.isEmpty()) {
            addresses = List.of(ip);
        } else {
            List<Ip> more = new ArrayList<>(addresses);
            more.add(ip);
            addresses = List.copyOf(more);
        }
    }

    private int word24(int from) {
        return (bytes[from] & 0xff) << 16 | (bytes[from + 1] & 0xff) << 8 | (bytes[from + 2] & 0xff);
    }

    /** All policies that stand one behind the other; the list is that of the deployment's other pods. */
    @SuppressWarnings("unchecked") // what this put there
    private void policies() {
        int from = at;
        skip();
        int to = at;
        while (!odd && at < end && number() == (16 << 3 | TEXT)) {
            skip();
            to = at;
        }
        if (odd || !policies.isEmpty()) {
            odd = true;
            return;
        }
        at = to;
        List<String> found = (List<String>) Sharing.read(Sharing.Kind.POLICIES, bytes, from, to);
        if (found == null) {
            List<String> keys = new ArrayList<>();
            at = from;
            keys.add(text());
            while (at < to) {
                number();
                keys.add(text());
            }
            if (odd) {
                return;
            }
            found = Sharing.one(List.copyOf(keys));
            Sharing.remember(Sharing.Kind.POLICIES, bytes, from, to, found);
        }
        policies = found;
    }

    /** An entry of the map: it is that of the deployment's other pods, too. */
    @SuppressWarnings("unchecked") // what this put there
    private void service() {
        int length = length();
        int from = at;
        int to = at + length;
        Map<String, PortMap> entry = (Map<String, PortMap>) Sharing.read(Sharing.Kind.PORTS, bytes, from, to);
        if (entry == null) {
            entry = readService(to);
            if (odd) {
                return;
            }
            Sharing.remember(Sharing.Kind.PORTS, bytes, from, to, entry);
        }
        at = to;
        if (services.isEmpty()) {
            services = entry;
        } else {
            Map<String, PortMap> more = new LinkedHashMap<>(services);
            more.putAll(entry);
            services = Sharing.one(Map.copyOf(more));
        }
    }

    private Map<String, PortMap> readService(int to) {
        int outer = end;
        end = to;
        odd |= number() != (1 << 3 | TEXT);
        String key = text();
        odd |= number() != (2 << 3 | TEXT) || length() != to - at;
        List<PortMap.ServicePort> ports = new ArrayList<>();
        while (!odd && at < to) {
            odd |= number() != (1 << 3 | TEXT);
            int length = length();
            end = at + length;
            ports.add(port());
            end = to;
        }
        end = outer;
        return odd ? Map.of() : Sharing.one(Map.of(key, Sharing.one(PortMap.of(ports))));
    }

    private PortMap.ServicePort port() {
        int service = 0;
        int target = 0;
        AppProtocol protocol = AppProtocol.UNKNOWN;
        while (!odd && at < end) {
            switch (number()) {
                case 1 << 3 -> service = number();
                case 2 << 3 -> target = number();
                case 3 << 3 -> protocol = AppProtocol.forNumber(upTo(AppProtocol.TLS_VALUE));
                default -> odd = true;
            }
        }
        return new PortMap.ServicePort(service, target, protocol);
    }

    private void locality() {
        int length = length();
        int from = at;
        int to = at + length;
        if (located) {
            // Protobuf joins the two.
            odd = true;
            return;
        }
        Locality found = (Locality) Sharing.read(Sharing.Kind.LOCALITY, bytes, from, to);
        if (found == null) {
            found = readLocality(to);
            if (odd) {
                return;
            }
            Sharing.remember(Sharing.Kind.LOCALITY, bytes, from, to, found);
        }
        at = to;
        located = true;
        locality = found;
    }

    private Locality readLocality(int to) {
        int outer = end;
        end = to;
        String region = "";
        String zone = "";
        String subzone = "";
        while (!odd && at < to) {
            switch (number()) {
                case 1 << 3 | TEXT -> region = text();
                case 2 << 3 | TEXT -> zone = text();
                case 3 << 3 | TEXT -> subzone = text();
                default -> odd = true;
            }
        }
        end = outer;
        return Sharing.one(new Locality(region, zone, subzone));
    }
}
