package io.culvert.controlplane;

import com.google.protobuf.ByteString;
import io.culvert.config.CompiledDelta;
import io.culvert.core.mesh.Ip;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.NetworkAddress;
import io.culvert.proto.workload.PortList;
import io.culvert.proto.workload.Service;
import io.culvert.proto.workload.Workload;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Compilations by hand. */
final class Compiled {
    private final Map<String, Address> addresses = new LinkedHashMap<>();
    private final Set<String> removedAddresses = new LinkedHashSet<>();
    private final Map<String, Authorization> authorizations = new LinkedHashMap<>();
    private final Set<String> removedAuthorizations = new LinkedHashSet<>();

    static String uid(String name) {
        return "c//Pod/ns/" + name;
    }

    static ByteString ip(String ip) {
        return ByteString.copyFrom(Ip.parse(ip).toBytes());
    }

    Compiled pod(String name, String ip, String node, String canonical, String... services) {
        Workload.Builder workload = Workload.newBuilder()
                .setUid(uid(name))
                .setName(name)
                .setNamespace("ns")
                .setServiceAccount(name)
                .setNode(node)
                .setCanonicalName(canonical)
                .addAddresses(ip(ip));
        for (String service : services) {
            workload.putServices(service, PortList.getDefaultInstance());
        }
        addresses.put(uid(name), Address.newBuilder().setWorkload(workload).build());
        return this;
    }

    Compiled service(String hostname, String vip) {
        addresses.put(
                "ns/" + hostname,
                Address.newBuilder()
                        .setService(Service.newBuilder()
                                .setName(hostname)
                                .setNamespace("ns")
                                .setHostname(hostname)
                                .addAddresses(NetworkAddress.newBuilder().setAddress(ip(vip))))
                        .build());
        return this;
    }

    Compiled policy(String name, int rules) {
        Authorization.Builder policy =
                Authorization.newBuilder().setName(name).setNamespace("ns").setScope(Scope.WORKLOAD_SELECTOR);
        for (int i = 0; i < rules; i++) {
            policy.addRules(Rule.getDefaultInstance());
        }
        authorizations.put("ns/" + name, policy.build());
        return this;
    }

    Compiled without(String address) {
        removedAddresses.add(address);
        return this;
    }

    Compiled withoutPolicy(String name) {
        removedAuthorizations.add("ns/" + name);
        return this;
    }

    CompiledDelta delta() {
        return new CompiledDelta(
                addresses, removedAddresses, authorizations, removedAuthorizations, Map.of(), List.of(), Map.of());
    }
}
