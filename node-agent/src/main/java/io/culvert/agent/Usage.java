package io.culvert.agent;

import java.io.PrintStream;
import java.util.List;

/** Help and faults of the roles that serve. */
final class Usage {
    private Usage() {}

    static int print(String command, List<Option> options) {
        PrintStream out = System.out;
        out.println("Usage: culvert " + command + " [OPTIONS]");
        out.println();
        for (Option option : options) {
            String left = "  --" + option.name() + (option.isFlag() ? "" : " " + option.placeholder());
            String fallback = option.fallback();
            String right = option.help();
            if (fallback == null) {
                right += " (required)";
            } else if (!fallback.isEmpty() && !option.isFlag()) {
                right += " [" + fallback + "]";
            }
            out.printf("%-26s %s%n", left, right);
        }
        out.println();
        out.println("Each option can be given as an environment variable too: --"
                + options.get(0).name() + " is " + options.get(0).variable() + ".");
        return 0;
    }

    static void faults(String command, UsageException e) {
        e.faults().forEach(fault -> System.err.println("culvert " + command + ": " + fault));
        System.err.println("culvert " + command + " --help has the list of options");
    }
}
