package io.culvert.config;

/** Where something stands: a file and a line from 1. Immutable. */
record Origin(String file, int line) {
    /** {@code file:line}. */
    @Override
    public String toString() {
        return file + ":" + line;
    }
}
