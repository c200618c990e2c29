package io.culvert.perf.measure;

import io.culvert.lab.LabException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * What processes and the machine have used so far, or between two looks. Immutable.
 *
 * @param userSeconds processor time of the processes in user mode
 * @param systemSeconds and in the kernel
 * @param machineSeconds busy time of the machine: of all processes and of interrupts that the kernel bills to nobody
 * @param switches context switches of the processes' threads, voluntary or not
 */
public record Usage(double userSeconds, double systemSeconds, double machineSeconds, long switches) {
    // USER_HZ, which is what /proc speaks on every architecture that Linux has today.
    private static final double TICKS = 100;

    /** What {@code pids} (each with all its threads) and the machine have used until now. */
    public static Usage of(List<Long> pids) {
        long user = 0;
        long system = 0;
        long switches = 0;
        for (long pid : pids) {
            String[] fields = afterName(read(Path.of("/proc/" + pid + "/stat")));
            user += Long.parseLong(fields[11]);
            system += Long.parseLong(fields[12]);
            switches += switches(Path.of("/proc/" + pid + "/task"));
        }
        return new Usage(user / TICKS, system / TICKS, machine(), switches);
    }

    /** What was used between {@code earlier} and this. */
    public Usage since(Usage earlier) {
        return new Usage(
                userSeconds - earlier.userSeconds,
                systemSeconds - earlier.systemSeconds,
                machineSeconds - earlier.machineSeconds,
                switches - earlier.switches);
    }

    /** User and system time. */
    public double seconds() {
        return userSeconds + systemSeconds;
    }

    /** The fields of a stat line behind the name, which may hold anything; the first is the state. */
    private static String[] afterName(String stat) {
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    }

    private static long switches(Path tasks) {
        long sum = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
            for (Path thread : threads) {
                try {
                    for (String line : Files.readAllLines(thread.resolve("status"), StandardCharsets.UTF_8)) {
                        if (line.contains("ctxt_switches:")) {
                            sum += Long.parseLong(
                                    line.substring(line.indexOf(':') + 1).strip());
                        }
                    }
                } catch (NoSuchFileException e) {
                    // A thread ended meanwhile.
                }
            }
        } catch (IOException e) {
            throw new LabException("cannot read " + tasks + ": has the process ended?", e);
        }
        return sum;
    }

    private static double machine() {
        String first = read(Path.of("/proc/stat")).lines().findFirst().orElseThrow();
        String[] fields = first.split(" +", -1);
        long busy = 0;
        // user nice system idle iowait irq softirq steal; stolen time is not ours.
        for (int i : new int[] {1, 2, 3, 6, 7}) {
            busy += Long.parseLong(fields[i]);
        }
        return busy / TICKS;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new LabException("cannot read " + file + ": has the process ended?", e);
        }
    }
}
