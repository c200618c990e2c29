/**
 * The mesh's CA: one root per mesh in the controller's state directory, and Istio's certificate service in front of it, which
 * gives a node certificates for identities of pods that run on it and for no others. Keys of workloads never come here.
 */
@NullMarked
package io.culvert.controlplane.ca;

import org.jspecify.annotations.NullMarked;
