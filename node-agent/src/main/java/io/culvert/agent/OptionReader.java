package io.culvert.agent;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the options of a role from the command line, then the environment, then the defaults, and gathers every fault.
 * A value with a fault reads as a harmless stand-in; {@link #check} throws before anybody sees it. Not a library's
 * work, so that an agent does not pay for one at start. Not thread-safe.
 */
final class OptionReader {
    private final Map<String, Option> options = new LinkedHashMap<>();
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Map<String, String> sources = new LinkedHashMap<>();
    private final List<String> faults = new ArrayList<>();

    OptionReader(List<Option> options, List<String> arguments, Map<String, String> environment) {
        options.forEach(o -> this.options.put(o.name(), o));
        for (Option option : options) {
            String value = environment.get(option.variable());
            if (value != null) {
                values.put(option.name(), value);
                sources.put(option.name(), option.variable());
            }
        }
        readArguments(arguments);
    }

    private void readArguments(List<String> arguments) {
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (!argument.startsWith("--")) {
                faults.add("unexpected argument \"" + argument + "\": options begin with --");
                continue;
            }
            int equals = argument.indexOf('=');
            String name = argument.substring(2, equals < 0 ? argument.length() : equals);
            Option option = options.get(name);
            if (option == null) {
                faults.add("unknown option --" + name + Suggestions.didYouMean(name, options.keySet(), "--"));
                // Its value, if it has one, is no fault of its own.
                if (equals < 0
                        && i + 1 < arguments.size()
                        && !arguments.get(i + 1).startsWith("--")) {
                    i++;
                }
                continue;
            }
            if (equals >= 0) {
                put(option, argument.substring(equals + 1));
            } else if (option.isFlag()) {
                put(option, "true");
            } else if (i + 1 < arguments.size() && !arguments.get(i + 1).startsWith("--")) {
                put(option, arguments.get(++i));
            } else {
                faults.add("--" + name + " needs a value: --" + name + " " + option.placeholder());
            }
        }
    }

    private void put(Option option, String value) {
        values.put(option.name(), value);
        sources.put(option.name(), "--" + option.name());
    }

    String text(String name) {
        Option option = options.get(name);
        if (option == null) {
            throw new IllegalArgumentException("no option " + name);
        }
        String value = values.get(name);
        if (value == null) {
            value = option.fallback();
        }
        if (value == null || (value.isEmpty() && option.fallback() == null)) {
            fault("--" + name + " is required (or " + option.variable() + "): " + option.help());
            return "";
        }
        return value;
    }

    /** The value, or null when it is empty. */
    @Nullable
    String optionalText(String name) {
        String value = text(name);
        return value.isEmpty() ? null : value;
    }

    boolean flag(String name) {
        return read(name, false, value -> switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("use true or false");
        });
    }

    int integer(String name, int min, int max) {
        return read(name, min, value -> {
            int number;
            try {
                number = Integer.parseInt(value);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("not a whole number", e);
            }
            if (number < min || number > max) {
                throw new IllegalArgumentException("must be " + min + " to " + max);
            }
            return number;
        });
    }

    Duration duration(String name, Duration min, Duration max) {
        return read(name, min, value -> {
            Duration duration = Durations.parse(value);
            if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
                throw new IllegalArgumentException("must be " + Durations.text(min) + " to " + Durations.text(max));
            }
            return duration;
        });
    }

    Path path(String name) {
        return read(name, Path.of(""), OptionReader::toPath);
    }

    @Nullable
    Path optionalPath(String name) {
        return optionalText(name) == null ? null : path(name);
    }

    /** Reads with {@code parser}, whose IllegalArgumentException becomes a fault that names the option. */
    <T> T read(String name, T standIn, Function<String, T> parser) {
        int before = faults.size();
        String value = text(name);
        if (faults.size() > before) {
            return standIn;
        }
        try {
            return parser.apply(value);
        } catch (IllegalArgumentException e) {
            fault(sources.getOrDefault(name, "--" + name) + " \"" + value + "\": " + e.getMessage());
            return standIn;
        }
    }

    void fault(String fault) {
        faults.add(fault);
    }

    /** Throws all faults that were found, if any. */
    void check() throws UsageException {
        if (!faults.isEmpty()) {
            throw new UsageException(faults);
        }
    }

    private static Path toPath(String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("not a path: " + e.getReason(), e);
        }
    }
}
