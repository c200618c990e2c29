package io.culvert.core.mesh;

/**
 * A workload as endpoint of one service. Immutable.
 *
 * @param ports the service's ports on this workload
 */
public record Endpoint(Workload workload, PortMap ports) {}
