package io.culvert.config;

import com.google.protobuf.InvalidProtocolBufferException;
import io.culvert.proto.node.PodExtension;
import io.culvert.proto.node.PodReport;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.Service;
import io.culvert.proto.workload.Workload;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A compiler together with what a subscriber would know from its deltas. */
final class TestMesh {
    final MeshCompiler compiler;
    final Map<String, Address> addresses = new HashMap<>();
    final Map<String, Authorization> authorizations = new HashMap<>();
    CompiledDelta last = new CompiledDelta(Map.of(), Set.of(), Map.of(), Set.of(), Map.of(), List.of(), Map.of());

    TestMesh() {
        this(CompilerSettings.DEFAULTS);
    }

    TestMesh(CompilerSettings settings) {
        this.compiler = new MeshCompiler(settings);
    }

    TestMesh put(String file, @Nullable String text) {
        return apply(SourceChanges.files(Collections.singletonMap(file, text)));
    }

    TestMesh remove(String file) {
        return put(file, null);
    }

    TestMesh report(String pod, PodReport.State state) {
        PodReport report =
                PodReport.newBuilder().setUid(uid(pod)).setState(state).build();
        return apply(SourceChanges.reports(Map.of(uid(pod), report)));
    }

    TestMesh apply(SourceChanges changes) {
        last = compiler.apply(changes);
        last.removedAddresses().forEach(addresses::remove);
        addresses.putAll(last.addresses());
        last.removedAuthorizations().forEach(authorizations::remove);
        authorizations.putAll(last.authorizations());
        return this;
    }

    static String uid(String pod) {
        return "Kubernetes//Pod/" + pod;
    }

    Workload workload(String pod) {
        Address address = addresses.get(uid(pod));
        if (address == null) {
            throw new AssertionError("no workload " + pod + " in " + addresses.keySet() + messages());
        }
        return address.getWorkload();
    }

    boolean hasWorkload(String pod) {
        return addresses.containsKey(uid(pod));
    }

    Service service(String key) {
        Address address = addresses.get(key);
        if (address == null) {
            throw new AssertionError("no service " + key + " in " + addresses.keySet() + messages());
        }
        return address.getService();
    }

    Authorization authorization(String key) {
        Authorization authorization = authorizations.get(key);
        if (authorization == null) {
            throw new AssertionError("no authorization " + key + " in " + authorizations.keySet() + messages());
        }
        return authorization;
    }

    PodExtension extension(String pod) {
        try {
            return workload(pod).getExtensions(0).getConfig().unpack(PodExtension.class);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    List<String> messages() {
        return last.diagnostics().stream().map(Diagnostic::toString).toList();
    }
}
