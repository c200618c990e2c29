/**
 * Linux where the JDK and Netty stop: network namespaces, socket options of the redirect, through the FFM API. Every
 * system call of the product that neither the JDK nor Netty offers stands here and nowhere else.
 */
@NullMarked
package io.culvert.core.linux;

import org.jspecify.annotations.NullMarked;
