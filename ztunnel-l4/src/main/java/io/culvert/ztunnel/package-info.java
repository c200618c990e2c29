/**
 * The node proxy: listeners in the pods' network namespaces, the decision about each outbound connection, the checks of
 * each inbound one, and the connections themselves with their policy context. It executes mesh state and makes none.
 */
@NullMarked
package io.culvert.ztunnel;

import org.jspecify.annotations.NullMarked;
