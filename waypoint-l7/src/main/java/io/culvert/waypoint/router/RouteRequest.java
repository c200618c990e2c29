package io.culvert.waypoint.router;

import io.culvert.core.route.HttpRoutes;
import io.culvert.waypoint.http.RequestHead;
import org.jspecify.annotations.Nullable;

/** A request as matches and policies look at it: exactly what is going to be sent on, before the rule's own changes. */
final class RouteRequest implements HttpRoutes.Request {
    private final RequestHead head;
    private final String host;
    private final String path;
    private final @Nullable String query;

    RouteRequest(RequestHead head) {
        this.head = head;
        this.host = Authorities.host(head.authority());
        int mark = head.path().indexOf('?');
        this.path = mark < 0 ? head.path() : head.path().substring(0, mark);
        this.query = mark < 0 ? null : head.path().substring(mark + 1);
    }

    @Override
    public String method() {
        return head.method();
    }

    @Override
    public String scheme() {
        return head.scheme();
    }

    @Override
    public String host() {
        return host;
    }

    @Override
    public String authority() {
        return head.authority();
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public @Nullable String query() {
        return query;
    }

    @Override
    public @Nullable String header(String name) {
        return switch (name) {
            case "host", ":authority" -> head.authority();
            case ":method" -> head.method();
            case ":path" -> head.path();
            default -> head.fields().joined(name);
        };
    }
}
