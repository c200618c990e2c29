package io.culvert.core.route;

/**
 * A copy of a share of requests whose responses nobody sees.
 *
 * @param millionths share in millionths
 */
public record Mirror(Backend backend, int millionths) {}
