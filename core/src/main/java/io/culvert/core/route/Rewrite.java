package io.culvert.core.route;

import org.jspecify.annotations.Nullable;

/** What a request is sent on with instead. Null: it stays. Immutable. */
public record Rewrite(@Nullable String authority, @Nullable PathChange path) {}
