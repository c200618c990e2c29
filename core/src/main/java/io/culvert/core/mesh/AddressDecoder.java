package io.culvert.core.mesh;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.culvert.proto.workload.Address;

/**
 * Turns addresses of the workload API into workloads and services, as the agent of one node needs them. Owned by: one
 * thread.
 */
public final class AddressDecoder {
    private final String localNode;
    private final WorkloadReader reader;

    /** @param localNode of whose pods more is kept than of others, see {@link ResourceDecoder} */
    public AddressDecoder(String localNode) {
        this.localNode = localNode;
        reader = new WorkloadReader(localNode);
    }

    /**
     * The {@link Workload} or {@link Service} in an {@link Address}.
     *
     * @param name of the resource; it is what a removal will say, so it has to be the key
     * @throws InvalidProtocolBufferException when the bytes are none
     * @throws InvalidResourceException when it is neither, is wrong, or has another key
     */
    public Record decode(String name, ByteString bytes)
            throws InvalidProtocolBufferException, InvalidResourceException {
        Workload quickly = reader.read(name, bytes);
        if (quickly != null) {
            return quickly;
        }
        Address address = Address.parseFrom(bytes);
        return switch (address.getTypeCase()) {
            case WORKLOAD -> {
                Workload workload = ResourceDecoder.workload(address.getWorkload(), localNode);
                checkName(name, workload.uid());
                yield workload;
            }
            case SERVICE -> {
                Service service = ResourceDecoder.service(address.getService());
                checkName(name, service.key());
                yield service;
            }
            case TYPE_NOT_SET -> throw new InvalidResourceException("is neither a workload nor a service");
        };
    }

    private static void checkName(String name, String key) throws InvalidResourceException {
        if (!name.equals(key)) {
            throw new InvalidResourceException("is named " + name + " but says that it is " + key);
        }
    }
}
