package io.culvert.agent;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.culvert.core.lifecycle.Component;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP server for people, probes and scrapers: the JDK's, each request on a virtual thread, never on an event
 * loop. Its limits of time and connections are the system properties {@code sun.net.httpserver.*} in the launch flags.
 */
final class HttpEndpoint implements Component {
    private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);
    private static final int BACKLOG = 64;

    /** Answers a request; runs on a virtual thread and may block. */
    interface Route {
        Reply answer(Request request) throws IOException;
    }

    /** What a route needs of a request. */
    record Request(
            String method,
            Map<String, String> query,
            @Nullable String accept) {
        boolean isPost() {
            return method.equals("POST");
        }
    }

    /** What a body writes itself to. */
    interface Body {
        void writeTo(OutputStream out) throws IOException;
    }

    /** An answer. */
    record Reply(int status, String contentType, Body body) {
        static Reply text(int status, String text) {
            return new Reply(
                    status, "text/plain; charset=utf-8", out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
        }

        static Reply json(Body body) {
            return new Reply(200, "application/json", body);
        }
    }

    private final String name;
    private final InetSocketAddress address;
    private final Map<String, Route> routes;
    private @Nullable HttpServer server;
    private @Nullable ExecutorService executor;

    /** {@code routes} by exact path. */
    HttpEndpoint(String name, InetSocketAddress address, Map<String, Route> routes) {
        this.name = name;
        this.address = address;
        this.routes = Map.copyOf(routes);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void start() throws IOException {
        HttpServer created;
        try {
            created = HttpServer.create(address, BACKLOG);
        } catch (IOException e) {
            throw new IOException(
                    "cannot listen on " + address.getHostString() + ":" + address.getPort() + " for the " + name + ": "
                            + e.getMessage() + " (is another agent running here? choose another port)",
                    e);
        }
        ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("http-" + name + "-", 0).factory());
        created.setExecutor(threads);
        created.createContext("/", this::handle);
        created.start();
        server = created;
        executor = threads;
    }

    /** The bound port; 0 when not started. */
    int port() {
        HttpServer running = server;
        return running == null ? 0 : running.getAddress().getPort();
    }

    @Override
    public void close() {
        HttpServer running = server;
        ExecutorService threads = executor;
        server = null;
        executor = null;
        if (running != null) {
            running.stop(0);
        }
        if (threads != null) {
            threads.shutdownNow();
        }
    }

    private void handle(HttpExchange exchange) {
        try (exchange) {
            Reply reply = answer(exchange);
            boolean gzip = accepts(exchange.getRequestHeaders().getFirst("Accept-Encoding"));
            exchange.getResponseHeaders().set("Content-Type", reply.contentType());
            exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
            if (gzip) {
                exchange.getResponseHeaders().set("Content-Encoding", "gzip");
            }
            if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.sendResponseHeaders(reply.status(), -1);
                return;
            }
            exchange.sendResponseHeaders(reply.status(), 0);
            try (OutputStream out = exchange.getResponseBody();
                    OutputStream encoded = gzip ? new GZIPOutputStream(out, 8192) : out) {
                reply.body().writeTo(encoded);
            }
        } catch (IOException e) {
            LOG.debug("{}: client went away: {}", name, e.getMessage());
        } catch (RuntimeException e) {
            LOG.warn("{}: {} {} failed", name, exchange.getRequestMethod(), exchange.getRequestURI(), e);
        }
    }

    private Reply answer(HttpExchange exchange) throws IOException {
        Route route = routes.get(exchange.getRequestURI().getPath());
        if (route == null) {
            return Reply.text(404, "no such page; / has the list\n");
        }
        // A page in somebody's browser must not be able to change what runs on this machine.
        if (exchange.getRequestMethod().equals("POST")
                && exchange.getRequestHeaders().getFirst("Origin") != null) {
            return Reply.text(403, "not from a browser\n");
        }
        Request request = new Request(
                exchange.getRequestMethod(),
                query(exchange.getRequestURI().getRawQuery()),
                exchange.getRequestHeaders().getFirst("Accept"));
        try {
            return route.answer(request);
        } catch (IllegalArgumentException e) {
            return Reply.text(400, e.getMessage() + "\n");
        }
    }

    private static boolean accepts(@Nullable String acceptEncoding) {
        return acceptEncoding != null && acceptEncoding.contains("gzip");
    }

    private static Map<String, String> query(@Nullable String raw) {
        Map<String, String> query = new HashMap<>();
        if (raw != null) {
            for (String part : raw.split("&", -1)) {
                int equals = part.indexOf('=');
                String key = equals < 0 ? part : part.substring(0, equals);
                String value = equals < 0 ? "" : part.substring(equals + 1);
                query.put(decode(key), decode(value));
            }
        }
        return query;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
