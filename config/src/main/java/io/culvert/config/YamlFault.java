package io.culvert.config;

/** A document that cannot be used as a whole; caught where documents are read. */
final class YamlFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int line;

    /**
     * @param line in the file, from 1
     * @param message what is wrong and the remedy
     */
    YamlFault(int line, String message) {
        super(message, null, false, false);
        this.line = line;
    }

    int line() {
        return line;
    }
}
