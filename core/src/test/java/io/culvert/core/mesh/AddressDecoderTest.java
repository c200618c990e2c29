package io.culvert.core.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UInt32Value;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.proto.workload.Extension;
import io.culvert.proto.workload.GatewayAddress;
import io.culvert.proto.workload.Locality;
import io.culvert.proto.workload.NamespacedHostname;
import io.culvert.proto.workload.NetworkMode;
import io.culvert.proto.workload.Port;
import io.culvert.proto.workload.PortList;
import io.culvert.proto.workload.TunnelProtocol;
import io.culvert.proto.workload.Workload;
import io.culvert.proto.workload.WorkloadStatus;
import io.culvert.proto.workload.WorkloadType;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The quick way gives what protobuf and the resource decoder give, or leaves it to them. */
class AddressDecoderTest {
    private static final String UID = "Kubernetes//Pod/shop/cart-1";

    private final AddressDecoder decoder = new AddressDecoder("here");
    private final WorkloadReader reader = new WorkloadReader("here");

    private static Workload.Builder cart() {
        return Workload.newBuilder()
                .setUid(UID)
                .setName("cart-1")
                .setNamespace("shop")
                .addAddresses(ByteString.copyFrom(new byte[] {10, -1, 0, 1}))
                .setTunnelProtocol(TunnelProtocol.HBONE)
                .setServiceAccount("cart")
                .setNode("there")
                .setWorkloadName("cart")
                .addAuthorizationPolicies("shop/only-web")
                .addAuthorizationPolicies("shop/not-mallory")
                .setLocality(Locality.newBuilder().setRegion("r").setZone("z"))
                .putServices("shop/cart.shop", ports(80, 8080, AppProtocol.HTTP11));
    }

    private static PortList ports(int service, int target, AppProtocol protocol) {
        return PortList.newBuilder()
                .addPorts(Port.newBuilder()
                        .setServicePort(service)
                        .setTargetPort(target)
                        .setAppProtocol(protocol))
                .build();
    }

    private static ByteString bytes(Workload.Builder workload) {
        return Address.newBuilder().setWorkload(workload).build().toByteString();
    }

    private static io.culvert.core.mesh.Workload slowly(ByteString bytes)
            throws InvalidProtocolBufferException, InvalidResourceException {
        return ResourceDecoder.workload(Address.parseFrom(bytes).getWorkload(), "here");
    }

    @Test
    void ordinaryWorkloadsOfOtherNodesAreReadQuicklyAndTheSame() throws Exception {
        ByteString cart = bytes(cart());

        assertThat(reader.read(UID, cart)).isNotNull().isEqualTo(slowly(cart));
        assertThat(decoder.decode(UID, cart)).isEqualTo(slowly(cart));
    }

    @Test
    void partsThatDeploymentsShareAreOneObject() {
        var one = reader.read(UID, bytes(cart()));
        var other = reader.read(UID + "0", bytes(cart().setUid(UID + "0")));

        assertThat(one).isNotNull();
        assertThat(other).isNotNull();
        assertThat(other.services()).isSameAs(one.services());
        assertThat(other.authorizationPolicies()).isSameAs(one.authorizationPolicies());
        assertThat(other.locality()).isSameAs(one.locality());
        assertThat(other.identity()).isSameAs(one.identity());
        assertThat(other.namespace()).isSameAs(one.namespace());
    }

    @Test
    void whateverIsRareIsLeftToProtobuf() throws Exception {
        for (Workload.Builder rare : new Workload.Builder[] {
            cart().setNode("here"),
            cart().setNamespace("läden"),
            cart().setCapacity(UInt32Value.of(7)),
            cart().setWaypoint(GatewayAddress.newBuilder()
                    .setHostname(
                            NamespacedHostname.newBuilder().setNamespace("shop").setHostname("way"))),
            cart().setTunnelProtocolValue(2),
            cart().setStatusValue(77),
            cart().addAddresses(ByteString.copyFromUtf8("abc")),
            cart().setUid(UID + "0")
        }) {
            assertThat(reader.read(UID, bytes(rare))).isNull();
        }
        assertThat(decoder.decode(UID, bytes(cart().setNode("here")))).isEqualTo(slowly(bytes(cart().setNode("here"))));
    }

    @Test
    void aNameThatIsNotTheUidIsRefused() {
        assertThatThrownBy(() -> decoder.decode("other", bytes(cart())))
                .isInstanceOf(InvalidResourceException.class)
                .hasMessage("is named other but says that it is " + UID);
        assertThatThrownBy(() -> decoder.decode("", ByteString.EMPTY))
                .isInstanceOf(InvalidResourceException.class)
                .hasMessage("is neither a workload nor a service");
    }

    @Test
    void extensionsOfOtherNodesPodsAreNotRead() {
        ByteString cart = bytes(cart().addExtensions(Extension.newBuilder().setName("culvert.io/pod")));

        assertThat(reader.read(UID, cart)).isEqualTo(reader.read(UID, bytes(cart())));
    }

    /** Two encodings one behind the other are one message to protobuf: later fields replace, add to or join earlier ones. */
    @Test
    void joinedMessagesAreReadAsProtobufReadsThem() throws Exception {
        long seed = Long.getLong("culvert.seed", System.nanoTime());
        System.err.println("seed " + seed + " (repeat with -Dculvert.seed=" + seed + ")");
        Random random = new Random(seed);
        int quick = 0;
        for (int round = 0; round < 5_000; round++) {
            ByteString body = some(random).build().toByteString();
            if (random.nextInt(3) == 0) {
                body = body.concat(some(random).build().toByteString());
            }
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            whole.write(10);
            for (int left = body.size(); ; left >>>= 7) {
                whole.write(left > 127 ? (left & 127) | 128 : left);
                if (left <= 127) {
                    break;
                }
            }
            body.writeTo(whole);
            quick += sameOrLeft(whole.toByteArray(), seed, round) ? 1 : 0;
            byte[] damaged = whole.toByteArray();
            for (int i = random.nextInt(4); i >= 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            sameOrLeft(damaged, seed, round);
        }
        assertThat(quick).as("seed %d", seed).isGreaterThan(1_000);
    }

    private boolean sameOrLeft(byte[] bytes, long seed, int round) throws InvalidResourceException {
        ByteString address = ByteString.copyFrom(bytes);
        var quickly = reader.read(UID, address);
        if (quickly == null) {
            return false;
        }
        try {
            assertThat(quickly).as("seed %d round %d", seed, round).isEqualTo(slowly(address));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("seed " + seed + " round " + round + ": read, but protobuf says", e);
        }
        return true;
    }

    private static Workload.Builder some(Random random) {
        Workload.Builder w = Workload.newBuilder().setUid(UID);
        String text = "x" + random.nextInt(3);
        if (random.nextBoolean()) {
            w.setName(text).setNamespace(text).setServiceAccount(text).setNode(text);
        }
        if (random.nextBoolean()) {
            w.setNetwork(text).setTrustDomain(text + ".example").setClusterId(text);
        }
        if (random.nextBoolean()) {
            w.setCanonicalName(text).setCanonicalRevision(text).setWorkloadName(text);
        }
        if (random.nextInt(4) == 0) {
            w.setHostname(text).setNetworkMode(NetworkMode.HOST_NETWORK).setNativeTunnel(true);
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            byte[] address = new byte[random.nextBoolean() ? 4 : 16];
            random.nextBytes(address);
            w.addAddresses(ByteString.copyFrom(address));
            w.addAuthorizationPolicies("p" + random.nextInt(3));
            w.putServices(
                    "s" + random.nextInt(3),
                    ports(80 + random.nextInt(2), 8080, AppProtocol.forNumber(random.nextInt(6))));
        }
        if (random.nextInt(4) == 0) {
            w.setLocality(Locality.newBuilder().setZone(text).setSubzone(text));
        }
        w.setTunnelProtocol(random.nextBoolean() ? TunnelProtocol.HBONE : TunnelProtocol.NONE);
        w.setStatus(random.nextBoolean() ? WorkloadStatus.HEALTHY : WorkloadStatus.UNHEALTHY);
        w.setWorkloadType(WorkloadType.forNumber(random.nextInt(4)));
        return w;
    }
}
