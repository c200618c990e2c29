package io.culvert.lab.demo;

import io.culvert.lab.ExecResult;
import io.culvert.lab.LabPod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one curl got for requests that it sent one after the other, on one connection as long as the server keeps it.
 * Immutable.
 *
 * @param complaint what curl wrote of failures, else ""
 */
record Answers(List<Answer> all, String complaint) {
    /** The last line of a body; the status, 0 without an answer; the time from the request to the answer's end. */
    record Answer(String body, int status, Duration time) {}

    private static final Pattern LINE = Pattern.compile("(.*) #(\\d{3}) ([\\d.]+)");

    Answers {
        all = List.copyOf(all);
    }

    /**
     * Sends {@code count} requests for {@code url}/1, {@code url}/2 and so on, each with {@code headers}. One may take
     * five seconds, all together a minute; what is not answered then is missing.
     */
    static Answers get(LabPod client, int count, String url, String... headers) {
        List<String> command =
                new ArrayList<>(List.of("curl", "-sS", "-m", "5", "-w", " #%{http_code} %{time_total}\\n"));
        for (String header : headers) {
            command.addAll(List.of("-H", header));
        }
        command.add("http://" + url + "/[1-" + count + "]");
        ExecResult result = client.exec(command.toArray(String[]::new));
        List<Answer> answers = new ArrayList<>();
        result.out().lines().forEach(line -> {
            Matcher matcher = LINE.matcher(line);
            if (matcher.matches()) {
                answers.add(new Answer(
                        matcher.group(1),
                        Integer.parseInt(matcher.group(2)),
                        Duration.ofNanos(Math.round(Double.parseDouble(matcher.group(3)) * 1e9))));
            }
        });
        String complaint = result.err().lines().findFirst().orElse("");
        return new Answers(answers, complaint);
    }

    /** How many have this body and status. */
    int count(String body, int status) {
        return (int) all.stream()
                .filter(answer -> answer.status() == status && answer.body().equals(body))
                .count();
    }

    /** How many have this status. */
    int count(int status) {
        return (int) all.stream().filter(answer -> answer.status() == status).count();
    }

    /** The shortest and the longest time; zero for none. */
    Duration fastest() {
        return all.stream().map(Answer::time).min(Duration::compareTo).orElse(Duration.ZERO);
    }

    Duration slowest() {
        return all.stream().map(Answer::time).max(Duration::compareTo).orElse(Duration.ZERO);
    }

    /** How many of each kind there are, and which are missing, for messages. */
    @Override
    public String toString() {
        Map<String, Integer> kinds = new TreeMap<>();
        List<Integer> unanswered = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            Answer answer = all.get(i);
            kinds.merge(answer.status() + " " + answer.body(), 1, Integer::sum);
            if (answer.status() == 0) {
                unanswered.add(i + 1);
            }
        }
        return all.size() + " answers " + kinds
                + (unanswered.isEmpty() ? "" : ", of which these are none: " + unanswered)
                + (complaint.isEmpty() ? "" : ", " + complaint);
    }
}
