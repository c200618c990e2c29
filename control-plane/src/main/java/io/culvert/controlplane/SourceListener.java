package io.culvert.controlplane;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes what a {@link DirectorySource} finds; called on its thread. */
@FunctionalInterface
interface SourceListener {
    /**
     * @param files new text by name relative to the directory, null for a file that is gone; may be empty
     * @param faults all files that cannot be read now, to the reason with its remedy; their last text stays
     */
    void onChanged(Map<String, @Nullable String> files, Map<String, String> faults);
}
