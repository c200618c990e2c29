package io.culvert.agent;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An option of a role: {@code --name VALUE} or the environment variable {@code CULVERT_NAME}. Immutable.
 *
 * @param placeholder what stands for the value in the help; empty for a flag
 * @param fallback the default in text form; null when the option is required
 */
record Option(String name, String placeholder, @Nullable String fallback, String help) {
    static Option required(String name, String placeholder, String help) {
        return new Option(name, placeholder, null, help);
    }

    static Option of(String name, String placeholder, String fallback, String help) {
        return new Option(name, placeholder, fallback, help);
    }

    static Option flag(String name, String help) {
        return new Option(name, "", "false", help);
    }

    boolean isFlag() {
        return placeholder.isEmpty();
    }

    /** {@code --node-token} is {@code CULVERT_NODE_TOKEN}. */
    String variable() {
        return "CULVERT_" + name.replace('-', '_').toUpperCase(Locale.ROOT);
    }
}
