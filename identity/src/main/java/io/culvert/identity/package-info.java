/**
 * Who a workload is and how that is proved: SPIFFE IDs, X.509 SVIDs and trust bundles, the source that keeps certificates
 * fresh, and the verification of a peer's chain. Sources may poll a CA (Istio's service, here) or be pushed to (SPIFFE
 * Workload API, SPIRE's Delegated Identity API). Nothing in here knows Netty.
 */
@NullMarked
package io.culvert.identity;

import org.jspecify.annotations.NullMarked;
