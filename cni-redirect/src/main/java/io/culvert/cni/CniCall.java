package io.culvert.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One call of a CNI plugin, as it is forwarded: {@code {"env": {"CNI_COMMAND": ...}, "config": {...}}}. Immutable.
 *
 * @param arguments CNI_ARGS, split
 * @param config what the runtime gave on standard input, prevResult included
 */
record CniCall(String command, JsonNode env, Map<String, String> arguments, JsonNode config) {
    /** Versions whose ADD result may be passed on as it came. */
    static final List<String> VERSIONS = List.of("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

    private static final ObjectMapper JSON = new ObjectMapper();

    /** @throws CniException when it is no such object; the message says what is missing */
    static CniCall parse(byte[] bytes) throws CniException {
        JsonNode root;
        try {
            root = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new CniException(
                    CniException.DECODING_FAILURE, "the call is not JSON: " + e.getOriginalMessage(), FORM);
        } catch (IOException e) {
            throw new CniException(CniException.DECODING_FAILURE, "the call is not JSON: " + e.getMessage(), FORM);
        }
        if (!root.path("env").isObject()
                || !root.path("env").path("CNI_COMMAND").isTextual()) {
            throw new CniException(CniException.INVALID_ENVIRONMENT, "the call has no env.CNI_COMMAND", FORM);
        }
        JsonNode env = root.get("env");
        Map<String, String> arguments = new HashMap<>();
        for (String pair : env.path("CNI_ARGS").asText("").split(";", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                arguments.put(pair.substring(0, equals), pair.substring(equals + 1));
            }
        }
        return new CniCall(env.get("CNI_COMMAND").asText(), env, Map.copyOf(arguments), root.path("config"));
    }

    private static final String FORM =
            "expected {\"env\": {\"CNI_COMMAND\": \"ADD\", ...}, \"config\": {...}}; is the plugin of another version?";

    /** The version in which to answer. */
    String version() {
        return config.path("cniVersion").asText("0.3.1");
    }

    void requireVersion() throws CniException {
        if (!VERSIONS.contains(version())) {
            throw new CniException(
                    CniException.INCOMPATIBLE_VERSION,
                    "cniVersion " + version() + " is not supported",
                    "set cniVersion in the network configuration to one of " + VERSIONS);
        }
    }

    /** An environment variable that must be there. */
    String require(String name) throws CniException {
        String value = env.path(name).asText("");
        if (value.isEmpty()) {
            throw new CniException(
                    CniException.INVALID_ENVIRONMENT,
                    name + " is not set",
                    "the container runtime sets it for " + command);
        }
        return value;
    }

    /** A value of CNI_ARGS that must be there. */
    String requireArgument(String name) throws CniException {
        String value = arguments.getOrDefault(name, "");
        if (value.isEmpty()) {
            throw new CniException(
                    CniException.INVALID_ENVIRONMENT,
                    "CNI_ARGS has no " + name,
                    "only Kubernetes pods can be captured; call this plugin from kubelet's runtime");
        }
        return value;
    }

    /** The sandbox that is announced. */
    Attachment attachment() throws CniException {
        Path netns = Path.of(require("CNI_NETNS"));
        NetworkNamespace.Id id;
        try {
            id = NetworkNamespace.idOf(netns);
        } catch (IOException e) {
            throw new CniException(
                    CniException.IO_FAILURE,
                    "the agent cannot see network namespace " + netns,
                    "mount its directory into the agent with HostToContainer propagation: " + e);
        }
        return new Attachment(
                requireArgument("K8S_POD_NAMESPACE"),
                requireArgument("K8S_POD_NAME"),
                arguments.getOrDefault("K8S_POD_UID", ""),
                require("CNI_CONTAINERID"),
                require("CNI_IFNAME"),
                netns,
                id,
                addresses());
    }

    private List<InetAddress> addresses() throws CniException {
        List<InetAddress> addresses = new ArrayList<>();
        for (JsonNode ip : config.path("prevResult").path("ips")) {
            String text = ip.path("address").asText("");
            try {
                addresses.add(Cidr.address(text));
            } catch (IllegalArgumentException e) {
                throw new CniException(
                        CniException.DECODING_FAILURE,
                        "prevResult has an address that is none: \"" + text + "\"",
                        "the plugin before this one in the chain gave it");
            }
        }
        return addresses;
    }
}
