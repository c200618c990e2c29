package io.culvert.config;

import io.culvert.proto.security.Authorization;
import io.culvert.proto.workload.Address;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one {@link MeshCompiler#apply} changed. Immutable. Names are those of the workload API: workloads by uid
 * ({@code <cluster>//Pod/<namespace>/<name>}), services {@code namespace/hostname}, authorizations
 * {@code namespace/name}. Something that compiled to what it was before is not in here.
 *
 * <p>When one delta brings a workload and an authorization that it names, the authorization has to reach agents first.
 *
 * @param addresses new or changed workloads and services
 * @param removedAddresses workloads and services that are gone
 * @param authorizations new or changed authorizations
 * @param removedAuthorizations authorizations that are gone
 * @param documents new or changed documents for waypoints by name, null for one that is gone
 * @param diagnostics all that now stand, sorted, not only the new ones; the same list object while nothing changed
 * @param routes the status of every resource that waypoints execute, by {@code Kind namespace/name}
 */
public record CompiledDelta(
        Map<String, Address> addresses,
        Set<String> removedAddresses,
        Map<String, Authorization> authorizations,
        Set<String> removedAuthorizations,
        Map<String, @Nullable SourceDocument> documents,
        List<Diagnostic> diagnostics,
        Map<String, RouteStatus> routes) {
    /** Whether agents have nothing to learn from it. */
    public boolean isEmpty() {
        return addresses.isEmpty()
                && removedAddresses.isEmpty()
                && authorizations.isEmpty()
                && removedAuthorizations.isEmpty()
                && documents.isEmpty();
    }
}
