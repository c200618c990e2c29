/**
 * Pod capture: which pods of this node are redirected to the proxy, the rules in their network namespaces, the repair
 * of both, and the socket on which a CNI plugin announces pods. It knows the proxy, the control plane and the reports
 * only by three interfaces ({@link io.culvert.cni.PodProxy}, {@link io.culvert.cni.PodDirectory},
 * {@link io.culvert.cni.PodReporter}), so that it can also stand before another proxy.
 */
@NullMarked
package io.culvert.cni;

import org.jspecify.annotations.NullMarked;
