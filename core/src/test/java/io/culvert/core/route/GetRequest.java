package io.culvert.core.route;

import org.jspecify.annotations.Nullable;

/**
 * A GET without a query.
 *
 * @param header the value of every field; null: there are none
 */
record GetRequest(String host, String path, @Nullable String header) implements HttpRoutes.Request {
    @Override
    public String method() {
        return "GET";
    }

    @Override
    public String scheme() {
        return "http";
    }

    @Override
    public @Nullable String query() {
        return null;
    }

    @Override
    public @Nullable String header(String name) {
        return header;
    }
}
