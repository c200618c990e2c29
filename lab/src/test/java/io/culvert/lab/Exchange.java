package io.culvert.lab;

import java.util.ArrayList;
import java.util.List;

/**
 * A request out of a pod, and what must come back. The echo app repeats what it got, a line for each field, so that one
 * list of lines says both what the app must have got and what the client must. Immutable.
 *
 * @param client pod that asks
 * @param backend pod that must answer; "" for the waypoint itself
 * @param lines that the answer must contain, in lower case up to the colon
 * @param absent fields that neither the app nor the client may get
 */
record Exchange(
        String client,
        String url,
        List<String> options,
        int status,
        String backend,
        List<String> lines,
        List<String> absent) {
    /** How often a request must be answered as expected, one after the other, to count: a stale route may hit once. */
    private static final int TIMES = 3;

    static Exchange get(String path) {
        return get("both.mesh", path);
    }

    static Exchange get(String host, String path) {
        return new Exchange("one", "http://" + host + path, List.of(), 200, "", List.of(), List.of());
    }

    Exchange from(String pod) {
        return new Exchange(pod, url, options, status, backend, lines, absent);
    }

    Exchange method(String method) {
        return with("-X", method);
    }

    Exchange field(String field) {
        return with("-H", field);
    }

    private Exchange with(String... more) {
        return new Exchange(client, url, plus(options, more), status, backend, lines, absent);
    }

    Exchange answers(int code) {
        return new Exchange(client, url, options, code, backend, lines, absent);
    }

    Exchange by(String pod) {
        return new Exchange(client, url, options, status, pod, lines, absent);
    }

    Exchange has(String... more) {
        return new Exchange(client, url, options, status, backend, plus(lines, more), absent);
    }

    Exchange hasNot(String... more) {
        return new Exchange(client, url, options, status, backend, lines, plus(absent, more));
    }

    /** The same to {@code address} where the URL says {@code placeholder}. */
    Exchange at(String placeholder, String address) {
        return new Exchange(client, url.replace(placeholder, address), options, status, backend, lines, absent);
    }

    private static List<String> plus(List<String> list, String... more) {
        List<String> all = new ArrayList<>(list);
        all.addAll(List.of(more));
        return List.copyOf(all);
    }

    /** What is not as expected, or "". */
    String mismatch(Lab lab) {
        List<String> command = new ArrayList<>(List.of("curl", "-sSi", "-m", "10"));
        command.addAll(options);
        for (int i = 0; i < TIMES; i++) {
            command.add(url);
        }
        ExecResult result = lab.pod(client).exec(command.toArray(String[]::new));
        String[] answers = result.out().split("HTTP/1\\.1 (?=[1-5][0-9][0-9] )", -1);
        if (answers.length != TIMES + 1) {
            return result.describe();
        }
        for (int i = 1; i <= TIMES; i++) {
            String wrong = mismatch(answers[i].lines().toList());
            if (!wrong.isEmpty()) {
                return wrong + " in answer " + i + ": " + answers[i];
            }
        }
        return "";
    }

    private String mismatch(List<String> answer) {
        if (!answer.getFirst().startsWith(status + " ")) {
            return "not status " + status;
        }
        String pod = answer.stream()
                .filter(line -> line.startsWith("pod: "))
                .findFirst()
                .orElse("pod: ");
        if (!pod.equals("pod: " + backend)) {
            return "not by pod '" + backend + "'";
        }
        for (String line : lines) {
            if (!answer.contains(line)) {
                return "no '" + line + "'";
            }
        }
        for (String name : absent) {
            if (answer.stream().anyMatch(line -> line.startsWith(name + ":"))) {
                return "there is '" + name + "'";
            }
        }
        return "";
    }
}
