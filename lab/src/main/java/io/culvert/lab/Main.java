package io.culvert.lab;

import io.culvert.lab.demo.DemoMain;
import java.util.Arrays;

/** What the script starts: {@code demo ...} or {@code lab ...}. */
public final class Main {
    private static final int EXIT_USAGE = 64;

    private Main() {}

    public static void main(String[] arguments) {
        String[] rest = Arrays.copyOfRange(arguments, Math.min(1, arguments.length), arguments.length);
        System.exit(
                switch (arguments.length == 0 ? "" : arguments[0]) {
                    case "demo" -> DemoMain.run(rest);
                    case "lab" -> LabMain.run(rest);
                    default -> {
                        System.err.println("usage: culvert demo [--keep] | culvert lab COMMAND");
                        yield EXIT_USAGE;
                    }
                });
    }
}
