package io.culvert.config;

import io.culvert.proto.node.ExistingConnections;

/**
 * A Namespace. Immutable.
 *
 * @param existing what happens to connections that a pod had before it was enrolled
 * @param drainSeconds with {@link ExistingConnections#DRAIN} only
 */
record NamespaceResource(Meta meta, ExistingConnections existing, int drainSeconds) implements Resource {}
