/** The demo's checks as tests: against a mesh, where they must hold, and without one, where they must not. */
@NullMarked
package io.culvert.lab.demo;

import org.jspecify.annotations.NullMarked;
