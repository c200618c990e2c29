/**
 * What is done with a request: match, policy, faults, backend, tries, timeouts, mirrors, and the answer.
 */
@NullMarked
package io.culvert.waypoint.router;

import org.jspecify.annotations.NullMarked;
