/**
 * HTTP/2 towards clients and apps, on top of Netty's codec without its child channels, with budgets against floods. What
 * Netty does well is left to it: frames, HPACK, the states of streams, windows. What a field block says is judged here
 * ({@code FieldBlock}), what is counted against a peer is counted on every frame before Netty looks at it ({@code
 * FrameGuard}), and frames are written gathered ({@code FrameWriter}).
 */
@NullMarked
package io.culvert.waypoint.h2;

import org.jspecify.annotations.NullMarked;
