package io.culvert.agent;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collection;

/** Streamed JSON of the admin pages: no tree, no reflection. */
final class Json {
    private static final JsonFactory FACTORY = new JsonFactory();

    private Json() {}

    /** Something that writes one value. */
    interface Writer {
        void write(JsonGenerator json) throws IOException;
    }

    /** Something that writes one value out of another. */
    interface ElementWriter<T> {
        void write(JsonGenerator json, T element) throws IOException;
    }

    /** A reply body with one value, indented for people. */
    static HttpEndpoint.Body body(Writer writer) {
        return out -> write(out, writer);
    }

    static void write(OutputStream out, Writer writer) throws IOException {
        try (JsonGenerator json = FACTORY.createGenerator(out)) {
            json.useDefaultPrettyPrinter();
            writer.write(json);
            json.writeRaw('\n');
        }
    }

    static <T> void array(JsonGenerator json, Iterable<T> elements, ElementWriter<T> writer) throws IOException {
        json.writeStartArray();
        for (T element : elements) {
            writer.write(json, element);
        }
        json.writeEndArray();
    }

    static void strings(JsonGenerator json, String field, Collection<?> values) throws IOException {
        json.writeArrayFieldStart(field);
        for (Object value : values) {
            json.writeString(value.toString());
        }
        json.writeEndArray();
    }
}
