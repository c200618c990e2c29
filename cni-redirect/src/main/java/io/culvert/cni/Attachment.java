package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;

/**
 * A pod sandbox that CNI announced. Immutable.
 *
 * @param podUid metadata.uid as the runtime said, "" when it did not
 * @param id the namespace behind {@code netns} when it was announced
 * @param addresses what earlier plugins gave the pod
 */
record Attachment(
        String namespace,
        String name,
        String podUid,
        String containerId,
        String interfaceName,
        Path netns,
        NetworkNamespace.Id id,
        List<InetAddress> addresses) {
    Attachment {
        addresses = List.copyOf(addresses);
    }

    /** What pods are known by: CNI knows no workload uid. */
    String key() {
        return key(namespace, name);
    }

    static String key(String namespace, String name) {
        return namespace + "/" + name;
    }

    Attachment in(NetworkNamespace.Id replaced) {
        return new Attachment(namespace, name, podUid, containerId, interfaceName, netns, replaced, addresses);
    }
}
