package io.culvert.config;

import io.culvert.proto.workload.Locality;
import java.util.List;

/**
 * A Node. Immutable.
 *
 * @param addresses its IP addresses as text, from which kubelet probes
 */
record NodeResource(Meta meta, List<String> addresses, Locality locality) implements Resource {}
