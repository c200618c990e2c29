package io.culvert.config;

/** A NetworkPolicy: only which pods it selects. Immutable. */
record NetworkPolicyResource(Meta meta, Selector pods) implements Resource {}
