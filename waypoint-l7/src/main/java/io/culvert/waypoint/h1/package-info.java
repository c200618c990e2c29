/**
 * HTTP/1.1 towards clients and apps. Netty gives channels and buffers; heads and bodies are cut out of the bytes here,
 * because every rule of strictness (a bare LF, white space before a colon, a folded line, what hides in a chunk's
 * extension) concerns what Netty's codec reads leniently and then does not show. A test holds the two together: what is
 * read here, Netty reads the same. Messages are written anew, never copied.
 */
@NullMarked
package io.culvert.waypoint.h1;

import org.jspecify.annotations.NullMarked;
