package io.culvert.waypoint.router;

import io.culvert.core.route.HttpAction.PortFrom;
import io.culvert.core.route.HttpAction.Redirect;
import io.culvert.waypoint.http.RequestHead;

/** The Location of a redirect. */
final class Redirects {
    private Redirects() {}

    /** Built from the request where the redirect says nothing; {@code listenerPort} is the port of the service. */
    static String location(Redirect redirect, RequestHead request, int listenerPort) {
        String scheme = redirect.scheme() == null ? request.scheme() : redirect.scheme();
        String host = redirect.hostname() == null ? Authorities.host(request.authority()) : redirect.hostname();
        int port = port(redirect, request, scheme, listenerPort);
        String path = redirect.path() == null ? request.path() : PathEdits.apply(redirect.path(), request.path());
        StringBuilder location = new StringBuilder(scheme).append("://").append(host);
        if (port != 0 && port != wellKnown(scheme)) {
            location.append(':').append(port);
        }
        return location.append(path).toString();
    }

    /** 0 for the scheme's own. */
    private static int port(Redirect redirect, RequestHead request, String scheme, int listenerPort) {
        if (redirect.port() != 0) {
            return redirect.port();
        }
        PortFrom from = redirect.portFrom();
        return switch (from) {
            case LISTENER_OR_SCHEME -> redirect.scheme() == null ? listenerPort : wellKnown(scheme);
            case SCHEME -> 0;
            case REQUEST -> Authorities.port(request.authority());
        };
    }

    private static int wellKnown(String scheme) {
        return switch (scheme) {
            case "http" -> 80;
            case "https" -> 443;
            default -> 0;
        };
    }
}
