package io.culvert.config;

/** A GatewayClass. Immutable. */
record GatewayClassResource(Meta meta, String controller) implements RouteResource {}
