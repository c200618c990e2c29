package io.culvert.core.xds;

import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import java.util.Map;

/** The client's answer to a response. */
final class Answer {
    private static final int MAX_ERROR_DETAIL = 4_000;
    /** Of google.rpc.Code. */
    private static final int INVALID_ARGUMENT = 3;

    private Answer() {}

    /** Accepts the response, or names in it what was refused. */
    static DeltaDiscoveryRequest to(DeltaDiscoveryResponse response, Map<String, String> faults) {
        DeltaDiscoveryRequest.Builder answer = DeltaDiscoveryRequest.newBuilder()
                .setTypeUrl(response.getTypeUrl())
                .setResponseNonce(response.getNonce());
        if (!faults.isEmpty()) {
            answer.setErrorDetail(io.culvert.proto.xds.Status.newBuilder()
                    .setCode(INVALID_ARGUMENT)
                    .setMessage(detail(faults)));
        }
        return answer.build();
    }

    /** Names and reasons in one line of bounded length. */
    static String detail(Map<String, String> faults) {
        StringBuilder text = new StringBuilder();
        faults.forEach((name, reason) -> {
            if (text.length() < MAX_ERROR_DETAIL) {
                text.append(text.isEmpty() ? "" : "; ")
                        .append(name)
                        .append(": ")
                        .append(reason);
            }
        });
        return text.length() <= MAX_ERROR_DETAIL ? text.toString() : text.substring(0, MAX_ERROR_DETAIL) + "…";
    }
}
