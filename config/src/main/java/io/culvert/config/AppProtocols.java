package io.culvert.config;

import io.culvert.core.route.Protocol;
import io.culvert.proto.workload.AppProtocol;
import java.util.Locale;

/** What a port speaks: its appProtocol, else the part of its name before a dash, as Istio reads them. */
final class AppProtocols {
    private AppProtocols() {}

    static AppProtocol of(String appProtocol, String portName) {
        String word = appProtocol.isEmpty() ? portName : appProtocol;
        word = word.toLowerCase(Locale.ROOT);
        if (appProtocol.isEmpty() && !word.startsWith("grpc-web")) {
            int dash = word.indexOf('-');
            word = dash < 0 ? word : word.substring(0, dash);
        }
        return switch (word) {
            case "http", "grpc-web", "kubernetes.io/ws" -> AppProtocol.HTTP11;
            case "http2", "h2c", "kubernetes.io/h2c" -> AppProtocol.HTTP2;
            case "grpc" -> AppProtocol.GRPC;
            case "tcp" -> AppProtocol.TCP;
            case "tls", "https", "kubernetes.io/wss" -> AppProtocol.TLS;
            default -> AppProtocol.UNKNOWN;
        };
    }

    /** What a waypoint does with a port that speaks this. */
    static Protocol routed(AppProtocol protocol) {
        return switch (protocol) {
            case HTTP11 -> Protocol.HTTP;
            case HTTP2 -> Protocol.HTTP2;
            case GRPC -> Protocol.GRPC;
            case TLS -> Protocol.TLS;
            case TCP -> Protocol.TCP;
            case UNKNOWN, UNRECOGNIZED -> Protocol.DETECT;
        };
    }
}
