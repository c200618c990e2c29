package io.culvert.waypoint.router;

import io.culvert.core.route.HttpRule;
import io.culvert.core.route.Rewrite;
import io.culvert.core.route.WeightedBackend;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;

/** The request that an app gets. */
final class Outgoing {
    private Outgoing() {}

    /** {@code head}, whose fields are changed in place, as the rule and its backend want it sent on. */
    static RequestHead head(RequestHead head, HttpRule rule, WeightedBackend backend) {
        Fields fields = head.fields();
        HeaderEdits.apply(rule.requestHeaders(), fields);
        HeaderEdits.apply(backend.requestHeaders(), fields);
        if (!fields.contains("x-forwarded-proto")) {
            fields.add("x-forwarded-proto", head.scheme());
        }
        String authority = authority(head, rule, backend);
        String path = head.path();
        Rewrite rewrite = rule.rewrite();
        if (rewrite != null && rewrite.path() != null && path.startsWith("/")) {
            path = PathEdits.apply(rewrite.path(), path);
            fields.set("x-envoy-original-path", head.path());
        }
        return new RequestHead(head.method(), head.scheme(), authority, path, fields, head.upgrade());
    }

    private static String authority(RequestHead head, HttpRule rule, WeightedBackend backend) {
        String wanted = HeaderEdits.authority(backend.requestHeaders());
        if (wanted == null) {
            wanted = HeaderEdits.authority(rule.requestHeaders());
        }
        if (wanted == null && rule.rewrite() != null) {
            wanted = rule.rewrite().authority();
        }
        return wanted == null || wanted.isEmpty() ? head.authority() : wanted;
    }
}
