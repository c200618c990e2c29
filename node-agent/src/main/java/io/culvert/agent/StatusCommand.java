package io.culvert.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code culvert status}: pods, identities, certificates and connections, as the agents see them. */
@Command(
        name = "status",
        description = "Prints pods, identities, certificate expiry and connections, as the agents see them.",
        footer = {"", "Exit status: 0, 1 when an agent does not answer or none runs, 64 for bad usage."})
final class StatusCommand implements Callable<Integer> {
    private static final int MAX_CONNECTIONS = 40;

    @Option(
            names = "--agents",
            split = ",",
            paramLabel = "URL",
            description = "admin addresses, http://HOST:PORT; default: all agents that run on this machine")
    private List<String> agents = new ArrayList<>();

    @Option(names = "-o", paramLabel = "FORMAT", description = "table (default) or json")
    private String format = "table";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "this help")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** What one agent answered. */
    private record Answer(String node, JsonNode pods, JsonNode certificates, JsonNode connections) {}

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (!format.equals("table") && !format.equals("json")) {
            throw new ParameterException(spec.commandLine(), "-o " + format + ": use table or json");
        }
        List<AdminClient> clients = clients();
        if (clients.isEmpty()) {
            err.println("culvert status: no agent runs on this machine (" + RunningAgents.DIRECTORY
                    + "); name one with --agents http://HOST:PORT");
            return Main.EXIT_FAILURE;
        }
        List<Answer> answers = new ArrayList<>();
        int status = 0;
        for (AdminClient client : clients) {
            try {
                answers.add(new Answer(
                        client.name(), client.get("/pods"), client.get("/certificates"), client.get("/connections")));
            } catch (IOException e) {
                err.println("culvert status: " + e.getMessage());
                status = Main.EXIT_FAILURE;
            }
        }
        if (format.equals("json")) {
            json(answers, out);
        } else {
            table(answers, out);
        }
        out.flush();
        return status;
    }

    private List<AdminClient> clients() {
        if (!agents.isEmpty()) {
            try {
                return agents.stream().map(AdminClient::at).toList();
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
            }
        }
        return RunningAgents.list(RunningAgents.DIRECTORY).stream()
                .map(AdminClient::of)
                .toList();
    }

    private static void json(List<Answer> answers, PrintWriter out) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ArrayNode all = mapper.createArrayNode();
        for (Answer answer : answers) {
            ObjectNode node = all.addObject();
            node.put("node", answer.node());
            node.set("pods", answer.pods());
            node.set("certificates", answer.certificates());
            node.set("connections", answer.connections());
        }
        out.println(mapper.writerWithDefaultPrettyPrinter().writeValueAsString(all));
    }

    private static void table(List<Answer> answers, PrintWriter out) {
        Instant now = Instant.now();
        Table pods = new Table(
                "NODE", "POD", "STATE", "IDENTITY", "CERTIFICATE", "EXPIRES IN", "CONNECTIONS", "UNPROXIED", "REASON");
        Table connections =
                new Table("NODE", "DIRECTION", "WAY", "SOURCE", "DESTINATION", "IDENTITY", "SENT", "RECEIVED");
        int more = 0;
        int shown = 0;
        for (Answer answer : answers) {
            answer.pods().forEach(pod -> pods.row(podRow(answer, pod, now)));
            for (JsonNode c : answer.connections()) {
                if (shown++ < MAX_CONNECTIONS) {
                    connections.row(connectionRow(answer, c));
                } else {
                    more++;
                }
            }
        }
        pods.print(out);
        if (!connections.isEmpty()) {
            out.println();
            connections.print(out);
        }
        if (more > 0) {
            out.println("... and " + more + " more: -o json has all");
        }
    }

    private static String[] podRow(Answer answer, JsonNode pod, Instant now) {
        String identity = pod.path("identity").asText();
        String certificate = "-";
        String expires = "-";
        for (JsonNode status : answer.certificates()) {
            if (status.path("identity").asText().equals(identity)) {
                certificate = status.path("state").asText();
                String until =
                        status.path("certChain").path(0).path("expirationTime").asText();
                if (!until.isEmpty()) {
                    expires = left(Duration.between(now, Instant.parse(until)));
                }
            }
        }
        return new String[] {
            answer.node(),
            pod.path("namespace").asText() + "/" + pod.path("name").asText(),
            pod.path("state").asText(),
            identity,
            certificate,
            expires,
            pod.path("connections").asText(),
            pod.path("unproxied").asText(),
            pod.path("reason").asText()
        };
    }

    private static String[] connectionRow(Answer answer, JsonNode c) {
        return new String[] {
            answer.node(),
            c.path("direction").asText(),
            c.path("way").asText(),
            c.path("src").asText(),
            c.path("originalDst").asText(),
            c.path("identity").asText("-"),
            c.path("bytesSent").asText(),
            c.path("bytesReceived").asText()
        };
    }

    /** The two largest units. */
    private static String left(Duration duration) {
        if (duration.isNegative()) {
            return "expired";
        }
        Duration rounded = duration.toHours() > 0
                ? Duration.ofMinutes(duration.toMinutes())
                : Duration.ofSeconds(duration.toSeconds());
        return Durations.text(rounded);
    }
}
