package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.Cluster;
import io.culvert.core.route.RouteTable;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A request as a router makes it. */
final class FakeTry implements Upstreams.Try {
    private final World world;
    private final Cluster cluster;
    private final RouteTable table;
    final Set<String> tried = new HashSet<>();
    RequestHead request;
    boolean retry;
    String protocol = "HTTP/1.1";
    InetAddress source = World.client(1);

    Upstreams.@Nullable Wait wait;
    Upstreams.@Nullable Ticket ticket;

    @Nullable
    FakeConnection connection;

    Upstreams.@Nullable Unavailable why;

    @Nullable
    String detail;

    FakeTry(World world, Fields fields) {
        this(world, world.cluster(), fields);
    }

    FakeTry(World world, Cluster cluster, Fields fields) {
        this.world = world;
        this.cluster = cluster;
        table = world.table();
        request = new RequestHead("GET", "http", "cart", "/", fields, "");
    }

    FakeTry send() {
        wait = world.book.acquire(this);
        return this;
    }

    boolean isWaiting() {
        return ticket == null && why == null;
    }

    Upstreams.Ticket ticket() {
        assertThat(why).as("%s", detail).isNull();
        return Objects.requireNonNull(ticket, "no connection yet");
    }

    FakeConnection connection() {
        return Objects.requireNonNull(connection, "no connection yet");
    }

    String pod() {
        return ticket().workload().substring(World.uid("").length());
    }

    void finish(int status) {
        ticket().onStatus(status, Duration.ofMillis(1));
        connection().finish();
        ticket().done();
    }

    void fail() {
        ticket().onLocalFailure();
        connection().close();
        ticket().done();
    }

    @Override
    public EventLoop loop() {
        return world.loop;
    }

    @Override
    public RouteTable table() {
        return table;
    }

    @Override
    public Cluster cluster() {
        return cluster;
    }

    @Override
    public RequestHead request() {
        return request;
    }

    @Override
    public InetAddress source() {
        return source;
    }

    @Override
    public String clientProtocol() {
        return protocol;
    }

    @Override
    public Set<String> tried() {
        return tried;
    }

    @Override
    public boolean retry() {
        return retry;
    }

    @Override
    public void onConnection(ClientConnection given, Upstreams.Ticket place) {
        assertThat(isWaiting()).isTrue();
        assertThat(given.capacity()).isPositive();
        connection = (FakeConnection) given;
        ticket = place;
        connection.begin();
    }

    @Override
    public void onUnavailable(Upstreams.Unavailable reason, String text) {
        assertThat(isWaiting()).isTrue();
        assertThat(text).isNotBlank();
        why = reason;
        detail = text;
    }
}
