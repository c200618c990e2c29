/**
 * What moves bytes: sockets made where the mesh needs them, dialling, endpoint choice, byte budgets, coarse timers, and
 * the relay that joins two sockets, or a socket and an HBONE stream, without ever reading what it cannot pass on. All of
 * it runs on event loops and blocks none.
 */
@NullMarked
package io.culvert.core.relay;

import org.jspecify.annotations.NullMarked;
