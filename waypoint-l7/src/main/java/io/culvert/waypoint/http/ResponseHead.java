package io.culvert.waypoint.http;

/**
 * The head of a response, without hop-by-hop and framing fields, as for {@link RequestHead}.
 *
 * @param status 100 to 599
 */
public record ResponseHead(int status, Fields fields) {}
