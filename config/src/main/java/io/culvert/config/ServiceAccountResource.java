package io.culvert.config;

/** A ServiceAccount: that it exists. Immutable. */
record ServiceAccountResource(Meta meta) implements Resource {}
