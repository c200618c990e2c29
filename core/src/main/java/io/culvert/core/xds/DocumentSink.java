package io.culvert.core.xds;

import io.culvert.proto.route.Document;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes the documents from which a waypoint compiles its routes. Called on the client's thread. */
@FunctionalInterface
public interface DocumentSink {
    /**
     * Documents changed; the mesh state of the same step is applied already.
     *
     * @param changed by name; null for one that is gone
     */
    void apply(Map<String, @Nullable Document> changed);
}
