/**
 * The program: the mains of agent and controller, what they are made of and in which order it starts, the admin
 * endpoints, and the commands for people.
 */
@NullMarked
package io.culvert.agent;

import org.jspecify.annotations.NullMarked;
