/**
 * What the mesh says about itself: metrics with Istio's names, one access-log line per connection, and the log of the
 * program. Event loops only touch plain fields, cached counters and bounded queues here; rendering happens elsewhere.
 */
@NullMarked
package io.culvert.core.telemetry;

import org.jspecify.annotations.NullMarked;
