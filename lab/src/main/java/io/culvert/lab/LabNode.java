package io.culvert.lab;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A node of the lab: a network namespace with a bridge for its pods, and the mesh's agent in it. Its annotation
 * {@value #AGENT_OPTIONS} holds further options of this agent alone, with spaces between. Any thread.
 */
public final class LabNode implements AutoCloseable {
    /** Annotation of a Node. */
    public static final String AGENT_OPTIONS = "lab.culvert.io/agent-options";

    private final Resource resource;
    private final Netns netns;
    private final NodeAddresses addresses;
    private final NamespaceSockets sockets;
    private @Nullable AgentProcess agent;
    private int pods;
    private String rules = "";

    LabNode(Resource resource, Netns netns, NodeAddresses addresses) {
        this.resource = resource;
        this.netns = netns;
        this.addresses = addresses;
        this.sockets = new NamespaceSockets(netns);
    }

    /** The node's name in the cluster. */
    public String name() {
        return resource.key().name();
    }

    /** The name of its network namespace, for ip-netns(8). */
    public String namespaceName() {
        return netns.name();
    }

    /** The address that its own processes connect from: kubelet's. */
    public String address() {
        return addresses.v4();
    }

    /** The agent that runs here, or an error in a cluster without a mesh. */
    public synchronized AgentProcess agent() {
        if (agent == null) {
            throw new LabException("node " + name() + " has no agent: this cluster was started without a mesh");
        }
        return agent;
    }

    synchronized Optional<AgentProcess> agentIfAny() {
        return Optional.ofNullable(agent);
    }

    synchronized void agent(AgentProcess started) {
        agent = started;
    }

    /** What the node's annotation adds to the options of every agent. */
    List<String> agentOptions() {
        String words = resource.tree()
                .stringMap("metadata", "annotations")
                .getOrDefault(AGENT_OPTIONS, "")
                .strip();
        return words.isEmpty() ? List.of() : List.of(words.split(" +", -1));
    }

    Resource resource() {
        return resource;
    }

    Netns netns() {
        return netns;
    }

    NodeAddresses addresses() {
        return addresses;
    }

    /** Sockets in its network namespace: what its kubelet would use. */
    public NamespaceSockets sockets() {
        return sockets;
    }

    /** Counts the pods that it ever had: their addresses and interface names are never used twice. */
    synchronized int nextPod() {
        return pods++;
    }

    /** Puts the service rules in place, unless they are already. */
    synchronized void serviceRules(String fresh) {
        if (!fresh.equals(rules)) {
            Command.run(netns.enter(List.of("nft", "-f", "-")), fresh);
            rules = fresh;
        }
    }

    @Override
    public void close() {
        agentIfAny().ifPresent(AgentProcess::close);
        sockets.close();
    }
}
