/**
 * Start, drain, stop: in which order the parts of a program come up and go down, and when it may say that it is ready.
 */
@NullMarked
package io.culvert.core.lifecycle;

import org.jspecify.annotations.NullMarked;
