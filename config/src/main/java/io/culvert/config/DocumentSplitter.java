package io.culvert.config;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a file into its YAML documents before any is parsed, so that a malformed one does not take those behind it along
 * and an unchanged one need not be parsed again. YAML forbids document markers in column 0 of any scalar (YAML 1.2.2,
 * production c-forbidden), so looking at lines is enough.
 */
final class DocumentSplitter {
    /** One document, with the line in the file on which its text begins. */
    record Chunk(int line, String text) {}

    private final String text;
    private final List<Chunk> chunks = new ArrayList<>();
    private int begin;
    private int beginLine = 1;
    private boolean content;
    private boolean directive;

    private DocumentSplitter(String text) {
        this.text = text;
    }

    /** The documents in order; those with nothing but comments are left out. */
    static List<Chunk> split(String text) {
        return new DocumentSplitter(text).run();
    }

    private List<Chunk> run() {
        int line = 1;
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf('\n', at);
            int next = end < 0 ? text.length() : end + 1;
            if (isMarker(at, "---")) {
                // Directives belong to the document whose marker follows them.
                if (content || !directive) {
                    cut(at, line);
                }
                content |= !isBlank(at + 3, next);
            } else if (isMarker(at, "...")) {
                cut(next, line + 1);
            } else if (text.charAt(at) == '%' && !content) {
                directive = true;
            } else if (!isBlank(at, next)) {
                content = true;
            }
            at = next;
            line++;
        }
        cut(text.length(), line);
        return chunks;
    }

    private void cut(int end, int nextLine) {
        if (content) {
            chunks.add(new Chunk(beginLine, text.substring(begin, end)));
        }
        begin = end;
        beginLine = nextLine;
        content = false;
        directive = false;
    }

    private boolean isMarker(int at, String marker) {
        return text.startsWith(marker, at) && (at + 3 == text.length() || Character.isWhitespace(text.charAt(at + 3)));
    }

    // Whether there is nothing but white space or a comment.
    private boolean isBlank(int from, int to) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c == '#') {
                return true;
            }
            if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\ufeff') {
                return false;
            }
        }
        return true;
    }
}
