package io.culvert.config;

/**
 * One YAML document of a source that concerns waypoints. Immutable.
 *
 * @param file what diagnostics name
 * @param line on which the text begins in the file, from 1
 */
public record SourceDocument(String file, int line, String text) {}
