/**
 * The demo: a cluster of real programs, and checks that measure each promise of the mesh on it. A check says what it
 * found, or fails; none of them takes a command's success for proof.
 */
@NullMarked
package io.culvert.lab.demo;

import org.jspecify.annotations.NullMarked;
