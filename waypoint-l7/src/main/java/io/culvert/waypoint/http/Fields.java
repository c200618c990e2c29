package io.culvert.waypoint.http;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Header or trailer fields in the order in which they came. Names are lower case, valid tokens; values hold no control
 * characters and no space at their ends: the codecs see to that. Not thread-safe: owned by the exchange's loop.
 */
public final class Fields {
    private String[] entries;
    private int size;

    public Fields() {
        entries = new String[32];
    }

    private Fields(Fields other) {
        entries = Arrays.copyOf(other.entries, other.entries.length);
        size = other.size;
    }

    /** A copy that can be changed by itself. */
    public Fields copy() {
        return new Fields(this);
    }

    /** How many fields there are. */
    public int size() {
        return size / 2;
    }

    /** The name of field {@code index}. */
    public String name(int index) {
        return entries[2 * index];
    }

    /** The value of field {@code index}. */
    public String value(int index) {
        return entries[2 * index + 1];
    }

    /** The first value of a field, null when it is not there; {@code name} in lower case. */
    public @Nullable String get(String name) {
        for (int i = 0; i < size; i += 2) {
            if (entries[i].equals(name)) {
                return entries[i + 1];
            }
        }
        return null;
    }

    /** All values of a field joined by a comma, null when it is not there (RFC 9110, section 5.2). */
    public @Nullable String joined(String name) {
        String first = null;
        StringBuilder all = null;
        for (int i = 0; i < size; i += 2) {
            if (entries[i].equals(name)) {
                if (first == null) {
                    first = entries[i + 1];
                } else {
                    all = all == null ? new StringBuilder(first) : all;
                    all.append(',').append(entries[i + 1]);
                }
            }
        }
        return all == null ? first : all.toString();
    }

    /** Whether there is such a field. */
    public boolean contains(String name) {
        return get(name) != null;
    }

    /** Appends a field; {@code name} in lower case. */
    public Fields add(String name, String value) {
        assert name.equals(name.toLowerCase(Locale.ROOT)) : name;
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, size * 2);
        }
        entries[size++] = name;
        entries[size++] = value;
        return this;
    }

    /** Replaces all fields of the name by one. */
    public Fields set(String name, String value) {
        remove(name);
        return add(name, value);
    }

    /** Removes all fields of the name. */
    public Fields remove(String name) {
        int kept = 0;
        for (int i = 0; i < size; i += 2) {
            if (!entries[i].equals(name)) {
                entries[kept++] = entries[i];
                entries[kept++] = entries[i + 1];
            }
        }
        Arrays.fill(entries, kept, size, null);
        size = kept;
        return this;
    }

    /** Removes all fields whose name the condition holds for. */
    public Fields removeIf(Predicate<String> condition) {
        int kept = 0;
        for (int i = 0; i < size; i += 2) {
            if (!condition.test(entries[i])) {
                entries[kept++] = entries[i];
                entries[kept++] = entries[i + 1];
            }
        }
        Arrays.fill(entries, kept, size, null);
        size = kept;
        return this;
    }

    /** Calls {@code action} with name and value of each field, in order. */
    public void forEach(BiConsumer<String, String> action) {
        for (int i = 0; i < size; i += 2) {
            action.accept(entries[i], entries[i + 1]);
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
        return text.toString();
    }
}
