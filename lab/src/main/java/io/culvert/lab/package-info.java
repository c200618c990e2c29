/**
 * A small cluster out of network namespaces on one machine: it plays kubelet, container runtime and kube-proxy for pods
 * that are plain processes, and starts the real controller and agents beside them. What it knows about the mesh is
 * what a cluster's node components know: where the agent's CNI socket is.
 */
@NullMarked
package io.culvert.lab;

import org.jspecify.annotations.NullMarked;
