package io.culvert.waypoint;

import io.culvert.core.telemetry.CounterFamily;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.waypoint.cluster.ClientCodecs;
import io.culvert.waypoint.h1.Http1Client;
import io.culvert.waypoint.h1.Http1Server;
import io.culvert.waypoint.h1.Http1Settings;
import io.culvert.waypoint.h2.H2Settings;
import io.culvert.waypoint.h2.HeldBytes;
import io.culvert.waypoint.h2.Http2Client;
import io.culvert.waypoint.h2.Http2Server;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.tunnel.ServerCodecs;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http2.Http2Error;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** HTTP/1.1 and HTTP/2 in both directions; counts what they refuse by themselves. Any thread. */
final class HttpCodecs implements ServerCodecs, ClientCodecs {
    private static final Logger LOG = LoggerFactory.getLogger(HttpCodecs.class);
    /** Inside of a tunnel there is no other: TLS passes through unread. */
    private static final String SCHEME = "http";

    private final CounterFamily rejected;
    private final CounterFamily broken;
    private final HeldBytes clients;
    private final HeldBytes apps;

    HttpCodecs(MetricsRegistry metrics) {
        rejected = metrics.counters(
                "culvert_http_rejected",
                "Requests of clients that were malformed and reached no router, by what they were answered with",
                "protocol",
                "status");
        broken = metrics.counters(
                "culvert_http2_connection_errors", "HTTP/2 connections of clients that ended by a fault", "code");
        clients = new HeldBytes(metrics.counter(
                "culvert_http2_windows_exhausted",
                "HTTP/2 connections of clients that had to wait because what they sent was not read")::inc);
        apps = new HeldBytes(() -> {});
        String name = "culvert_http2_body_bytes";
        String help = "Bytes of bodies that HTTP/2 connections hold, by whose they are and which way they go";
        metrics.gauge(name, help, "bodies", "from_clients", clients::unread);
        metrics.gauge(name, help, "bodies", "to_clients", clients::queued);
        metrics.gauge(name, help, "bodies", "from_apps", apps::unread);
        metrics.gauge(name, help, "bodies", "to_apps", apps::queued);
    }

    /** Counted by protocol and answer, and told to the router as a request that ended: metrics and log, flag DPE. */
    private void reject(RequestHandler requests, String protocol, int status, String detail) {
        rejected.with(protocol.equals("HTTP/2") ? "http2" : "http1", Integer.toString(status))
                .inc();
        LOG.debug("a malformed request by {} was answered with {}: {}", protocol, status, detail);
        requests.onRefused(protocol, status, detail);
    }

    private Http2Server.Listener listener(RequestHandler requests) {
        return new Http2Server.Listener() {
            @Override
            public void onRejected(int status, String detail) {
                reject(requests, "HTTP/2", status, detail);
            }

            @Override
            public void onConnectionError(Http2Error error, String detail) {
                broken.with(error.name().toLowerCase(Locale.ROOT)).inc();
                LOG.debug("an HTTP/2 connection of a client ended: {} {}", error, detail);
            }
        };
    }

    @Override
    public ChannelHandler http1(RequestHandler requests) {
        return Http1Server.handler(
                requests,
                Http1Settings.DEFAULT,
                SCHEME,
                (status, detail) -> reject(requests, "HTTP/1.1", status, detail));
    }

    @Override
    public ChannelHandler http2(RequestHandler requests) {
        return Http2Server.handler(requests, H2Settings.DEFAULT, listener(requests), clients);
    }

    @Override
    public List<Object> drainSignals() {
        return List.of(Http1Server.Signal.DRAIN, Http2Server.DRAIN);
    }

    @Override
    public ClientConnection http1(Channel channel) {
        Http1Client client = new Http1Client(Http1Settings.DEFAULT);
        channel.pipeline().addLast(client);
        return client;
    }

    @Override
    public ClientConnection http2(Channel channel) {
        Http2Client client = new Http2Client(H2Settings.TOWARDS_APPS, apps);
        channel.pipeline().addLast(client);
        return client;
    }
}
