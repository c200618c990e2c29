/** Tests of the lab itself, and end-to-end tests of the mesh in it ({@code *IT}, tag {@code netns}). */
@NullMarked
package io.culvert.lab;

import org.jspecify.annotations.NullMarked;
