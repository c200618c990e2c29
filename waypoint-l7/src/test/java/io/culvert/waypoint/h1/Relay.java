package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The simplest router: everything goes to one app. Connections that rest are used again. */
final class Relay implements RequestHandler {
    private final InetSocketAddress app;
    private final Deque<Http1Client> resting = new ArrayDeque<>();
    int connections;

    Relay(InetSocketAddress app) {
        this.app = app;
    }

    @Override
    public void onRequest(ServerExchange exchange) {
        Pair pair = new Pair(exchange);
        exchange.receiver(pair.up);
        Http1Client rested = resting.poll();
        if (rested != null) {
            pair.begin(rested);
            return;
        }
        connections++;
        Http1Client client = new Http1Client(Http1Settings.DEFAULT);
        client.listener(new ClientConnection.Listener() {
            @Override
            public void onCapacity(ClientConnection connection) {
                resting.add(client);
            }

            @Override
            public void onClosed(ClientConnection connection) {
                resting.remove(client);
            }
        });
        new Bootstrap()
                .group(exchange.loop())
                .channel(EpollSocketChannel.class)
                .handler(client)
                .connect(app)
                .addListener(connected -> {
                    if (connected.isSuccess()) {
                        pair.begin(client);
                    } else {
                        exchange.respond(new ResponseHead(503, new Fields()), true);
                    }
                });
    }

    /** A request and what it became. */
    private static final class Pair {
        private final ServerExchange client;
        private @Nullable ClientExchange app;
        private final Deque<Consumer<ClientExchange>> early = new ArrayDeque<>();
        private final Up up = new Up();
        private int owedToApp;
        private int owedToClient;

        Pair(ServerExchange client) {
            this.client = client;
        }

        void begin(Http1Client connection) {
            if (client.isOpen()) {
                ClientExchange sent = connection.send(client.request(), client.isComplete(), new Down());
                app = sent;
                early.forEach(action -> action.accept(sent));
                early.clear();
            }
        }

        private final class Up implements BodyReceiver {
            @Override
            public void onData(ByteBuf data) {
                pass(to -> {
                    owedToClient += data.readableBytes();
                    to.write(data);
                    settle();
                });
            }

            /** Now, or once there is a connection. */
            private void pass(Consumer<ClientExchange> action) {
                if (app == null) {
                    early.add(action);
                } else {
                    action.accept(app);
                }
            }

            void settle() {
                if (app != null && app.isWritable()) {
                    int bytes = owedToClient;
                    owedToClient = 0;
                    client.consumed(bytes);
                }
            }

            @Override
            public void onEnd(@Nullable Fields trailers) {
                pass(to -> to.end(trailers));
            }

            @Override
            public void onReset(StreamError error, String detail) {
                if (app != null) {
                    app.reset(StreamError.CANCELLED);
                }
            }

            @Override
            public void onWritable() {
                int bytes = owedToApp;
                owedToApp = 0;
                if (app != null) {
                    app.consumed(bytes);
                }
            }
        }

        private final class Down implements ResponseReceiver {
            private boolean responded;

            @Override
            public void onInformational(ResponseHead head) {
                client.inform(head);
            }

            @Override
            public void onResponse(ResponseHead head, boolean end) {
                responded = true;
                client.respond(head, end);
            }

            @Override
            public void onUpgraded(ResponseHead head) {
                responded = true;
                client.upgrade(head);
            }

            @Override
            public void onData(ByteBuf data) {
                owedToApp += data.readableBytes();
                client.write(data);
                if (client.isWritable()) {
                    up.onWritable();
                }
            }

            @Override
            public void onEnd(@Nullable Fields trailers) {
                client.end(trailers);
            }

            @Override
            public void onReset(StreamError error, String detail) {
                if (responded) {
                    client.reset(error);
                } else {
                    client.respond(new ResponseHead(503, new Fields()), true);
                }
            }

            @Override
            public void onWritable() {
                up.settle();
            }
        }
    }
}
