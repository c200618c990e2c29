/**
 * The controller: watches a directory of Kubernetes and Istio YAML, compiles it on one thread, and serves the result as
 * Istio's workload API over delta xDS, beside the CA service and the reports of agents. What is bad in the sources leaves
 * the last good state and stands in the status.
 */
@NullMarked
package io.culvert.controlplane;

import org.jspecify.annotations.NullMarked;
