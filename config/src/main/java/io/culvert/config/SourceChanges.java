package io.culvert.config;

import io.culvert.proto.node.PodReport;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What changed at the sources since the last {@link MeshCompiler#apply}. Immutable. Files are taken in the order of
 * their names, then reports.
 *
 * @param files new text by file name; null when the file is gone
 * @param reports what agents say of their pods, by workload uid
 * @param removedReports uids whose report no longer counts
 */
public record SourceChanges(
        Map<String, @Nullable String> files, Map<String, PodReport> reports, Set<String> removedReports) {
    public SourceChanges {
        files = Collections.unmodifiableMap(new TreeMap<>(files));
        reports = Collections.unmodifiableMap(new TreeMap<>(reports));
        removedReports = Set.copyOf(removedReports);
    }

    /** Changed and removed (null) files only. */
    public static SourceChanges files(Map<String, @Nullable String> files) {
        return new SourceChanges(files, Map.of(), Set.of());
    }

    /** Changed reports only. */
    public static SourceChanges reports(Map<String, PodReport> reports) {
        return new SourceChanges(Map.of(), reports, Set.of());
    }
}
