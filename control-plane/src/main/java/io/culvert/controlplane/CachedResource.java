package io.culvert.controlplane;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import io.culvert.config.SourceDocument;
import io.culvert.core.mesh.Ip;
import io.culvert.core.xds.ResourceType;
import io.culvert.proto.route.Document;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.NetworkAddress;
import io.culvert.proto.workload.NetworkMode;
import io.culvert.proto.workload.Workload;
import io.culvert.proto.xds.Resource;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * A resource ready to be sent: its version is a hash of its content, so that it survives a restart of the controller and
 * is the same on every replica. Immutable.
 *
 * @param node the node that a workload runs on, else ""
 * @param services the services that a workload is an endpoint of
 */
record CachedResource(Resource resource, String node, Set<String> services) {
    private static final int VERSION_BYTES = 12;

    static CachedResource of(String name, Address address) {
        Resource.Builder resource = resource(ResourceType.ADDRESS, name, address);
        if (address.hasWorkload()) {
            Workload workload = address.getWorkload();
            if (workload.getNetworkMode() != NetworkMode.HOST_NETWORK) {
                workload.getAddressesList()
                        .forEach(bytes -> alias(workload.getNetwork(), bytes).forEach(resource::addAliases));
            }
            return new CachedResource(
                    resource.build(),
                    workload.getNode(),
                    Set.copyOf(workload.getServicesMap().keySet()));
        }
        for (NetworkAddress vip : address.getService().getAddressesList()) {
            if (!vip.hasLength() || vip.getLength() == vip.getAddress().size() * 8) {
                alias(vip.getNetwork(), vip.getAddress()).forEach(resource::addAliases);
            }
        }
        return new CachedResource(resource.build(), "", Set.of());
    }

    static CachedResource of(String name, Authorization authorization) {
        return new CachedResource(
                resource(ResourceType.AUTHORIZATION, name, authorization).build(), "", Set.of());
    }

    static CachedResource of(String name, SourceDocument document) {
        Document message = Document.newBuilder()
                .setFile(document.file())
                .setLine(document.line())
                .setText(document.text())
                .build();
        return new CachedResource(resource(ResourceType.DOCUMENT, name, message).build(), "", Set.of());
    }

    String name() {
        return resource.getName();
    }

    String version() {
        return resource.getVersion();
    }

    List<String> aliases() {
        return resource.getAliasesList();
    }

    private static List<String> alias(String network, ByteString address) {
        List<String> alias = new ArrayList<>(1);
        if (address.size() == 4 || address.size() == 16) {
            alias.add(network + "/" + Ip.of(address.toByteArray()));
        }
        return alias;
    }

    private static Resource.Builder resource(ResourceType type, String name, Message message) {
        ByteString bytes = deterministic(message);
        return Resource.newBuilder()
                .setName(name)
                .setVersion(hash(bytes))
                .setResource(Any.newBuilder().setTypeUrl(type.url()).setValue(bytes));
    }

    /** Maps in the order of their keys, so that equal content gives equal bytes. */
    private static ByteString deterministic(Message message) {
        byte[] bytes = new byte[message.getSerializedSize()];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.useDeterministicSerialization();
        try {
            message.writeTo(out);
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new AssertionError("an array of the message's size takes the message", e);
        }
        return ByteString.copyFrom(bytes);
    }

    private static String hash(ByteString bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());
            return HexFormat.of().formatHex(digest, 0, VERSION_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
