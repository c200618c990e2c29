package io.culvert.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.culvert.cni.CaptureCounters.Event;
import io.culvert.proto.node.PodReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers CNI calls (CNI specification 0.3 to 1.1). ADD returns when the pod is captured, or is not to be: kubelet starts
 * nothing in it before. Any thread; ADD blocks.
 */
final class CniAnswers {
    private static final Logger LOG = LoggerFactory.getLogger(CniAnswers.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NEWEST = "1.1.0";
    /** How long DEL waits until the sandbox is forgotten; it succeeds also when that takes longer. */
    private static final long FORGET_MILLIS = 2_000;

    private final CaptureController controller;

    CniAnswers(CaptureController controller) {
        this.controller = controller;
    }

    /** The answer to {@code request}, always a JSON object. */
    byte[] answer(byte[] request) {
        String version = NEWEST;
        try {
            CniCall call = CniCall.parse(request);
            version = call.version();
            return bytes(answer(call));
        } catch (CniException e) {
            return bytes(error(version, e));
        } catch (RuntimeException e) {
            LOG.error("a CNI call failed", e);
            return bytes(error(
                    version,
                    new CniException(
                            CniException.CAPTURE_FAILED, "internal error: " + e, "see the log of this node's agent")));
        }
    }

    /** An error object; counted. */
    ObjectNode error(String version, CniException e) {
        controller.counters().count(Event.CNI_ERRORS);
        ObjectNode error = JSON.createObjectNode();
        error.put("cniVersion", version);
        error.put("code", e.code());
        error.put("msg", "culvert: " + e.getMessage());
        error.put("details", e.details());
        return error;
    }

    byte[] refusal(CniException e) {
        return bytes(error(NEWEST, e));
    }

    private JsonNode answer(CniCall call) throws CniException {
        return switch (call.command()) {
            case "ADD" -> add(call);
            case "CHECK" -> check(call);
            case "DEL" -> {
                // Without names it cannot be one of ours; DEL must succeed whatever is left of the sandbox.
                var _ = controller
                        .delete(
                                call.arguments().getOrDefault("K8S_POD_NAMESPACE", ""),
                                call.arguments().getOrDefault("K8S_POD_NAME", ""),
                                call.env().path("CNI_CONTAINERID").asText(""))
                        .completeOnTimeout(null, FORGET_MILLIS, TimeUnit.MILLISECONDS)
                        .exceptionally(_ -> null)
                        .join();
                yield JSON.createObjectNode();
            }
            case "GC" -> gc(call);
            // It answers, so it can take pods. What is not there yet is waited for in ADD.
            case "STATUS" -> JSON.createObjectNode();
            case "VERSION" -> {
                ObjectNode versions = JSON.createObjectNode();
                versions.put("cniVersion", NEWEST);
                CniCall.VERSIONS.forEach(versions.putArray("supportedVersions")::add);
                yield versions;
            }
            default ->
                throw new CniException(
                        CniException.INVALID_ENVIRONMENT,
                        "CNI_COMMAND " + call.command() + " is unknown",
                        "known are ADD, CHECK, DEL, GC, STATUS and VERSION; is the agent older than the plugin?");
        };
    }

    private JsonNode add(CniCall call) throws CniException {
        call.requireVersion();
        Attachment attachment = call.attachment();
        long limit = controller.settings().addTimeout().toMillis();
        try {
            controller.add(attachment).get(limit, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new CniException(
                    CniException.TRY_AGAIN_LATER,
                    "pod " + attachment.key() + " was not settled within " + limit / 1000 + " s: "
                            + controller.reason(attachment),
                    "culvert status tells whether the controller knows the pod and this agent is connected to it");
        } catch (ExecutionException e) {
            throw new CniException(
                    CniException.CAPTURE_FAILED,
                    "pod " + attachment.key() + " cannot be captured: " + reason(e),
                    "the pod is not started, since it would speak outside the mesh; it is tried again");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CniException(CniException.TRY_AGAIN_LATER, "the agent is stopping", "it is tried again");
        }
        JsonNode previous = call.config().path("prevResult");
        if (previous.isObject()) {
            return previous;
        }
        ObjectNode empty = JSON.createObjectNode();
        empty.put("cniVersion", call.version());
        empty.putArray("ips");
        return empty;
    }

    private JsonNode check(CniCall call) throws CniException {
        call.requireVersion();
        String namespace = call.requireArgument("K8S_POD_NAMESPACE");
        String name = call.requireArgument("K8S_POD_NAME");
        CompletableFuture<PodStatus> look = controller.check(namespace, name, call.require("CNI_CONTAINERID"));
        if (look == null) {
            throw new CniException(
                    CniException.NOT_AS_WANTED,
                    "this agent knows no such sandbox of pod " + Attachment.key(namespace, name),
                    "restart the pod, so that CNI announces it again");
        }
        PodStatus status = look.orTimeout(controller.settings().addTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .join();
        if (status.state() == PodReport.State.FAILED || status.state() == PodReport.State.PENDING) {
            throw new CniException(
                    CniException.NOT_AS_WANTED,
                    "pod " + Attachment.key(namespace, name) + " is not captured: " + status.reason(),
                    "the agent goes on trying; see culvert status");
        }
        return JSON.createObjectNode();
    }

    private JsonNode gc(CniCall call) throws CniException {
        JsonNode valid = call.config().path("cni.dev/valid-attachments");
        if (!valid.isArray()) {
            throw new CniException(
                    CniException.DECODING_FAILURE,
                    "GC without \"cni.dev/valid-attachments\"",
                    "nothing was collected; the container runtime must name the sandboxes that exist");
        }
        Set<String> containers = new HashSet<>();
        valid.forEach(each -> containers.add(each.path("containerID").asText("")));
        controller.retain(containers);
        return JSON.createObjectNode();
    }

    private static String reason(ExecutionException e) {
        Throwable cause = e.getCause();
        while (cause != null && cause.getCause() != null && !(cause instanceof CaptureException)) {
            cause = cause.getCause();
        }
        return cause == null ? String.valueOf(e.getMessage()) : String.valueOf(cause.getMessage());
    }

    private static byte[] bytes(JsonNode node) {
        try {
            return JSON.writeValueAsBytes(node);
        } catch (IOException e) {
            return "{\"code\":5,\"msg\":\"culvert: the answer could not be written\"}".getBytes(StandardCharsets.UTF_8);
        }
    }
}
