package io.culvert.config;

import io.culvert.proto.node.ExistingConnections;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads Namespaces. */
final class NamespaceReader implements KindReader {
    static final String EXISTING = "culvert.io/existing-connections";

    private static final Pattern DRAIN = Pattern.compile("drain=([0-9]{1,5})s");

    @Override
    public Resource read(Fields root, Meta meta) {
        root.known("spec", "status").finish();
        Enrolment.checkLabel(root, meta);
        WaypointBinding.check(root, meta);
        String value = meta.annotations().get(EXISTING);
        if (value == null || value.equals("keep")) {
            return new NamespaceResource(meta, ExistingConnections.KEEP, 0);
        }
        if (value.equals("reset")) {
            return new NamespaceResource(meta, ExistingConnections.RESET, 0);
        }
        Matcher drain = DRAIN.matcher(value);
        if (drain.matches()) {
            return new NamespaceResource(meta, ExistingConnections.DRAIN, Integer.parseInt(drain.group(1)));
        }
        // Refusing the namespace would take it out of the mesh.
        Annotations.error(
                root, EXISTING, "\"" + value + "\" is not keep, drain=<seconds>s or reset: `keep` is used until then");
        return new NamespaceResource(meta, ExistingConnections.KEEP, 0);
    }
}
