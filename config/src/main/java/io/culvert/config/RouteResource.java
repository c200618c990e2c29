package io.culvert.config;

/** A resource that says what waypoints do; {@link RouteGraph} compiles it, through a {@link RouteSource}. Immutable. */
non-sealed interface RouteResource extends Resource {}
