package io.culvert.lab;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a running lab does for commands from a shell. Any platform thread. */
final class Commands {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Lab lab;
    private final Runnable down;

    Commands(Lab lab, Runnable down) {
        this.lab = lab;
        this.down = down;
    }

    /** Runs {@code words}: a verb and its arguments. */
    List<String> run(List<String> words) {
        List<String> rest = words.subList(1, words.size());
        return switch (words.getFirst()) {
            case "ps" -> List.of(overview());
            case "command" -> lab.pod(rest.getFirst()).command(rest.subList(1, rest.size()));
            case "logs" -> List.of(lab.pod(rest.getFirst()).log());
            case "apply" -> apply(rest.getFirst());
            case "delete" -> delete(rest);
            case "label" -> edit(rest, "labels");
            case "annotate" -> edit(rest, "annotations");
            case "down" -> {
                down.run();
                yield List.of();
            }
            default -> throw new LabException("the lab does not know the command " + words.getFirst());
        };
    }

    /** Nodes and pods in two tables, and where the logs are. */
    String overview() {
        TextTable nodes = new TextTable("NODE", "ADDRESS", "PODS FROM", "AGENT", "NAMESPACE");
        for (LabNode node : lab.nodes()) {
            nodes.row(
                    node.name(),
                    node.addresses().v4() + " " + node.addresses().v6(),
                    node.addresses().pods4() + " " + node.addresses().pods6(),
                    node.agentIfAny().map(Commands::agentState).orElse("none"),
                    node.namespaceName());
        }
        TextTable pods = new TextTable("POD", "NODE", "IP", "READY", "RESTARTS", "PHASE", "TROUBLE");
        for (LabPod pod : lab.pods()) {
            pods.row(
                    pod.fullName(),
                    pod.node().name(),
                    pod.ip4() + " " + pod.ip6(),
                    pod.ready() ? "yes" : "no",
                    Integer.toString(pod.restarts()),
                    pod.phase().toString().toLowerCase(Locale.ROOT),
                    pod.trouble());
        }
        String findings = lab.controllerIfAny()
                .map(controller -> String.join("\n", controller.findings()))
                .filter(text -> !text.isEmpty())
                .map(text -> "\n" + text + "\n")
                .orElse("");
        return nodes + "\n" + pods + findings + "\nlogs and configuration: " + lab.directory() + "\n";
    }

    private List<String> apply(String yaml) {
        lab.apply(yaml);
        lab.awaitReady(PATIENCE);
        return List.of(String.join(
                "\n",
                Yaml.load(yaml, "what is applied").stream()
                        .map(resource -> resource.key() + " applied")
                        .toList()));
    }

    private List<String> delete(List<String> words) {
        String[] name = split(words.getLast());
        lab.delete(kind(words.getFirst()), name[1], name[0]);
        return List.of(words.getFirst() + " " + words.getLast() + " deleted");
    }

    private List<String> edit(List<String> words, String field) {
        String kind = kind(words.getFirst());
        String[] name = split(words.get(1));
        Map<String, @Nullable String> changes = changes(words.subList(2, words.size()));
        if (field.equals("labels")) {
            lab.label(kind, name[1], name[0], changes);
        } else {
            lab.annotate(kind, name[1], name[0], changes);
        }
        return List.of(words.getFirst() + " " + words.get(1) + " changed");
    }

    /** {@code key=value} sets and {@code key-} removes, as with kubectl. */
    static Map<String, @Nullable String> changes(List<String> words) {
        Map<String, @Nullable String> changes = new LinkedHashMap<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                changes.put(word.substring(0, equals), word.substring(equals + 1));
            } else if (word.endsWith("-")) {
                changes.put(word.substring(0, word.length() - 1), null);
            } else {
                throw new LabException(word + " is neither KEY=VALUE nor KEY-");
            }
        }
        return changes;
    }

    private static String agentState(AgentProcess agent) {
        return agent.running() ? "pid " + agent.pid() + (agent.ready() ? ", ready" : ", not ready") : "down";
    }

    private static String kind(String word) {
        List<String> known = new ArrayList<>();
        for (String kind :
                List.of("Pod", "Deployment", "Service", "Namespace", "PeerAuthentication", "AuthorizationPolicy")) {
            if (word.equalsIgnoreCase(kind) || (kind.equals("Namespace") && word.equals("ns"))) {
                return kind;
            }
            known.add(kind);
        }
        throw new LabException(word + " is not a kind that the lab knows; it knows " + known);
    }

    /** {@code name.namespace} into its two parts; the namespace is empty when it is not there. */
    private static String[] split(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? new String[] {name, ""} : new String[] {name.substring(0, dot), name.substring(dot + 1)};
    }
}
