package io.culvert.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** What a lab has under its pods: the network, the nodes, and the mesh's processes when there is one. Any thread. */
final class Machines implements AutoCloseable {
    /** The controller's own place on the link, away from the nodes'. */
    private static final String CONTROLLER_4 = "172.30.0.250";

    private static final String CONTROLLER_6 = "fd00:30::fa";

    private final RunDirectory run;
    private final Fabric fabric;
    private final Map<String, LabNode> nodes = new LinkedHashMap<>();
    private final Optional<ControllerProcess> controller;

    /** Makes network and nodes, writes the nodes into {@code config}, and starts the mesh's processes. */
    Machines(RunDirectory run, ConfigDirectory config, List<Resource> machines, LabOptions options) {
        this.run = run;
        this.fabric = new Fabric(run.netns("link"));
        for (Resource machine : machines) {
            addNode(machine, config);
        }
        List<NodeAddresses> ranges =
                nodes.values().stream().map(LabNode::addresses).toList();
        for (LabNode node : nodes.values()) {
            Fabric.route(
                    node.netns(),
                    ranges.stream()
                            .filter(range -> !range.equals(node.addresses()))
                            .toList());
            node.serviceRules(ServiceRules.render(List.of()));
        }
        this.controller = options.launcher().map(launcher -> startMesh(launcher, options));
    }

    List<LabNode> nodes() {
        return List.copyOf(nodes.values());
    }

    LabNode node(String name) {
        LabNode node = nodes.get(name);
        if (node == null) {
            throw new LabException("there is no node " + name + "; there are " + nodes.keySet());
        }
        return node;
    }

    Optional<ControllerProcess> controller() {
        return controller;
    }

    Netns link() {
        return fabric.link();
    }

    /** Ends the mesh's processes at once. */
    void killMesh() {
        nodes.values().forEach(node -> node.agentIfAny().ifPresent(AgentProcess::kill));
        controller.ifPresent(ControllerProcess::kill);
    }

    @Override
    public void close() {
        nodes.values().forEach(LabNode::close);
    }

    private void addNode(Resource machine, ConfigDirectory config) {
        int index = nodes.size() + 1;
        String name = machine.key().name();
        NodeAddresses addresses = NodeAddresses.of(machine, index);
        Netns netns = run.netns(name);
        fabric.addNode(netns, addresses, index);
        nodes.put(name, new LabNode(machine, netns, addresses));
        Map<String, Object> tree = Yaml.copy(machine.tree().map());
        Yaml.child(tree, "spec")
                .put(
                        "podCIDRs",
                        List.of(addresses.pods4().toString(), addresses.pods6().toString()));
        tree.put(
                "status",
                Map.of(
                        "addresses",
                        List.of(
                                Map.of("type", "InternalIP", "address", addresses.v4()),
                                Map.of("type", "InternalIP", "address", addresses.v6()),
                                Map.of("type", "Hostname", "address", name))));
        config.write(machine.with(tree));
    }

    private ControllerProcess startMesh(Launcher launcher, LabOptions options) {
        Netns netns = run.netns("controller");
        fabric.addHost(netns, CONTROLLER_4, CONTROLLER_6, "controller");
        ControllerProcess started = new ControllerProcess(netns, launcher, options.controllerOptions(), run);
        for (LabNode node : nodes.values()) {
            try {
                Files.writeString(
                        run.tokens().resolve(node.name()), UUID.randomUUID().toString());
            } catch (IOException e) {
                throw new LabException("cannot write the token of node " + node.name(), e);
            }
        }
        started.start();
        for (LabNode node : nodes.values()) {
            List<String> words = Stream.concat(options.agentOptions().stream(), node.agentOptions().stream())
                    .toList();
            AgentProcess agent = new AgentProcess(node, launcher, words, run);
            node.agent(agent);
            agent.start();
        }
        return started;
    }
}
