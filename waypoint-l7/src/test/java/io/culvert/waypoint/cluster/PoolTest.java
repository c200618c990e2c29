package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.Protocol;
import io.culvert.waypoint.cluster.ClusterStats.Count;
import io.culvert.waypoint.cluster.Upstreams.Unavailable;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PoolTest {
    private static final int NONE = Integer.MAX_VALUE;

    private final World world = new World(System.nanoTime());

    private FakeTry send() {
        return world.attempt().send();
    }

    private FakeTry granted() {
        FakeTry attempt = send();
        world.connector.acceptAll();
        assertThat(attempt.isWaiting()).isFalse();
        return attempt;
    }

    private static ConnectionLimits limits(
            int perConnection, int streams, Duration idle, boolean upgrade, boolean asClient) {
        return new ConnectionLimits(
                NONE, NONE, NONE, NONE, perConnection, streams, Duration.ofSeconds(3), idle, upgrade, asClient);
    }

    private FakeTry retry() {
        FakeTry retry = world.attempt();
        retry.retry = true;
        return retry;
    }

    private void assertNothingLeft() {
        ClusterStats stats = world.stats();
        assertThat(stats.pending()).isZero();
        assertThat(stats.requests()).isZero();
        assertThat(stats.retries()).isZero();
        assertThat(stats.connections()).isEqualTo((int) world.connector.open());
    }

    @Test
    void oneConnectionCarriesRequestsOneAfterTheOther() {
        world.pods("a");
        for (int i = 0; i < 10; i++) {
            granted().finish(200);
        }
        assertThat(world.connector.connections).hasSize(1);
        assertThat(world.connector.connections.getFirst().served).isEqualTo(10);
        assertNothingLeft();
    }

    @Test
    void http1TakesAConnectionForEachRequestUnderWayAndReusesTheLatest() {
        world.pods("a");
        FakeTry first = granted();
        FakeTry second = granted();
        assertThat(world.connector.connections).hasSize(2);
        first.finish(200);
        second.finish(200);
        FakeTry third = granted();
        assertThat(third.connection()).isSameAs(second.connection());
        third.finish(200);
        assertNothingLeft();
    }

    @Test
    void aTryThatIsDoneBeforeItsConnectionIsFreeGetsItBackLater() {
        world.pods("a");
        FakeTry first = granted();
        first.ticket().onStatus(200, Duration.ofMillis(1));
        first.ticket().done();
        FakeTry second = send();
        assertThat(second.isWaiting()).isTrue();
        first.connection().finish();
        assertThat(second.connection()).isSameAs(first.connection());
        second.finish(200);
        world.connector.acceptAll();
        assertNothingLeft();
    }

    @Test
    void http2SharesAConnectionUntilItsLimitAndThenMakesAnother() {
        world.connector.streams = 3;
        world.protocol(Protocol.HTTP2).pods("a");
        List<FakeTry> all = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            all.add(granted());
        }
        assertThat(world.connector.connections).hasSize(3).allMatch(c -> c.http2);
        all.forEach(t -> t.finish(200));
        assertNothingLeft();
    }

    @Test
    void http2KeepsToItsOwnLimitOfStreams() {
        world.limits(limits(0, 2, Duration.ofHours(1), false, false));
        world.protocol(Protocol.GRPC).pods("a");
        for (int i = 0; i < 4; i++) {
            granted();
        }
        assertThat(world.connector.connections).hasSize(2);
    }

    @Test
    void manyFirstRequestsOfHttp2WaitForOneConnection() {
        world.protocol(Protocol.HTTP2).pods("a");
        List<FakeTry> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            all.add(send());
        }
        assertThat(world.stats().pending()).isEqualTo(50);
        world.connector.only().accept();
        all.forEach(t -> t.finish(200));
        assertThat(world.connector.connections).hasSize(1);
        assertNothingLeft();
    }

    @Test
    void theProtocolIsTheClustersOrTheClientsOrUpgraded() {
        world.pods("a");
        FakeTry attempt = world.attempt();
        attempt.protocol = "HTTP/2";
        attempt.send();
        world.connector.acceptAll();
        assertThat(attempt.connection().http2).as("HTTP: HTTP/1.1").isFalse();
        world.limits(limits(0, NONE, Duration.ofHours(1), false, true));
        FakeTry asClient = world.attempt();
        asClient.protocol = "HTTP/2";
        asClient.send();
        world.connector.acceptAll();
        assertThat(asClient.connection().http2).isTrue();
        assertThat(granted().connection().http2).isFalse();
        world.limits(limits(0, NONE, Duration.ofHours(1), true, false));
        assertThat(granted().connection().http2).isTrue();
        FakeTry socket = world.attempt();
        socket.request = new RequestHead("GET", "http", "cart", "/", new Fields(), "websocket");
        socket.send();
        world.connector.acceptAll();
        assertThat(socket.connection().http2).as("an upgrade is of HTTP/1.1").isFalse();
    }

    @Test
    void aConnectionServesNoMoreThanItsLimitOfRequests() {
        world.limits(limits(2, NONE, Duration.ofHours(1), false, false)).pods("a");
        for (int i = 0; i < 5; i++) {
            granted().finish(200);
        }
        assertThat(world.connector.connections).hasSize(3);
        assertThat(world.connector.connections.get(0).closed).isTrue();
        assertThat(world.connector.connections.get(1).closed).isTrue();
        assertThat(world.connector.connections.get(2).closed).isFalse();
        assertNothingLeft();
    }

    @Test
    void anIdleConnectionIsClosedAndABusyOneIsNot() {
        world.limits(limits(0, NONE, Duration.ofSeconds(60), false, false)).pods("a");
        FakeTry busy = granted();
        FakeTry second = granted();
        world.pass(Duration.ofSeconds(50));
        second.finish(200);
        world.pass(Duration.ofSeconds(50));
        assertThat(second.connection().closed).isFalse();
        world.pass(Duration.ofSeconds(10));
        assertThat(second.connection().closed).isTrue();
        world.pass(Duration.ofHours(1));
        assertThat(busy.connection().closed).isFalse();
        busy.finish(200);
        world.pass(Duration.ofMinutes(2));
        assertThat(busy.connection().closed).isTrue();
        assertNothingLeft();
        granted().finish(200);
    }

    @Test
    void aRequestOverThePendingLimitIsRefused() {
        world.limits(1, 1, NONE, NONE).pods("a");
        FakeTry running = granted();
        FakeTry waits = send();
        FakeTry over = send();
        assertThat(over.why).isEqualTo(Unavailable.OVERFLOW);
        assertThat(over.detail).contains("pending");
        assertThat(world.stats().get(Count.PENDING_OVERFLOW)).isEqualTo(1);
        assertThat(world.stats().get(Count.CONNECTION_OVERFLOW)).isPositive();
        running.finish(200);
        assertThat(waits.connection()).isSameAs(running.connection());
        waits.finish(200);
        assertThat(world.connector.connections).hasSize(1);
        assertNothingLeft();
    }

    @Test
    void aRequestOverTheLimitOfRequestsIsRefused() {
        world.protocol(Protocol.HTTP2).limits(NONE, NONE, 2, NONE).pods("a");
        FakeTry first = granted();
        FakeTry second = granted();
        FakeTry over = send();
        assertThat(over.why).isEqualTo(Unavailable.OVERFLOW);
        assertThat(world.stats().get(Count.REQUEST_OVERFLOW)).isEqualTo(1);
        first.finish(200);
        granted().finish(200);
        second.finish(200);
        assertNothingLeft();
    }

    @Test
    void atTheLimitAnIdleConnectionToAnotherEndpointMakesPlace() {
        world.limits(1, NONE, NONE, NONE).pods("a");
        FakeTry onA = granted();
        onA.finish(200);
        world.remove("a");
        world.pods("b", "c");
        granted().finish(200);
        for (int i = 0; i < 20; i++) {
            granted().finish(200);
            assertThat(world.connector.open()).isEqualTo(1);
        }
        assertNothingLeft();
    }

    @Test
    void atTheLimitOneThatBecomesIdleMakesPlaceForWhoWaits() {
        world.limits(1, NONE, NONE, NONE).pods("a", "b");
        FakeTry first = granted();
        FakeTry other = world.attempt();
        other.tried.add(first.ticket().workload());
        other.send();
        assertThat(other.isWaiting()).isTrue();
        assertThat(world.connector.dials).isEmpty();
        first.finish(200);
        assertThat(first.connection().closed).isTrue();
        world.connector.only().accept();
        assertThat(other.pod()).isNotEqualTo(first.pod());
        other.finish(200);
        assertNothingLeft();
    }

    @Test
    void aConnectionThatFailsOrTimesOutIsToldAsThat() {
        world.pods("a");
        FakeTry refused = send();
        assertThat(world.connector.only().timeout).isEqualTo(Duration.ofSeconds(10));
        world.connector.only().fail(false);
        assertThat(refused.why).isEqualTo(Unavailable.CONNECT_FAILED);
        assertThat(refused.detail).contains("cannot connect to a");
        FakeTry late = send();
        world.connector.only().fail(true);
        assertThat(late.why).isEqualTo(Unavailable.CONNECT_TIMEOUT);
        assertThat(world.stats().get(Count.CONNECT_FAILURES)).isEqualTo(1);
        assertThat(world.stats().get(Count.CONNECT_TIMEOUTS)).isEqualTo(1);
        assertNothingLeft();
    }

    @Test
    void aConnectorThatRefusesAtOnceRefusesEverybody() {
        world.pods("a");
        world.connector.refuseAtOnce = true;
        for (int i = 0; i < 3; i++) {
            assertThat(send().why).isEqualTo(Unavailable.CONNECT_FAILED);
        }
        assertNothingLeft();
    }

    @Test
    void ofTwoConnectionsOneThatFailsTakesOneRequestWithIt() {
        world.pods("a");
        FakeTry first = send();
        FakeTry second = send();
        world.connector.dials.getFirst().fail(false);
        assertThat(first.why).isEqualTo(Unavailable.CONNECT_FAILED);
        assertThat(second.isWaiting()).isTrue();
        world.connector.only().accept();
        second.finish(200);
        assertNothingLeft();
    }

    @Test
    void aWaitCanBeGivenUp() {
        world.pods("a");
        FakeTry gone = send();
        Objects.requireNonNull(gone.wait).cancel();
        assertThat(world.stats().pending()).isZero();
        world.connector.only().accept();
        assertThat(gone.isWaiting()).as("nothing was told").isTrue();
        granted().finish(200);
        assertThat(world.connector.connections).as("it was kept for the next").hasSize(1);
        gone.wait.cancel();
        assertNothingLeft();
    }

    @Test
    void aConnectionThatIsLostIsReplacedForThoseThatWait() {
        world.limits(1, NONE, NONE, NONE).pods("a");
        FakeTry running = granted();
        FakeTry waits = send();
        running.fail();
        world.connector.only().accept();
        waits.finish(200);
        assertNothingLeft();
    }

    @Test
    void retriesKeepToTheBudget() {
        ClusterPolicy own = world.policy();
        world.protocol(Protocol.HTTP2);
        world.policy(new ClusterPolicy(own.loadBalancer(), own.limits(), null, null, new RetryBudget(20, 3)));
        world.pods("a");
        List<FakeTry> retries = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            retries.add(retry().send());
            world.connector.acceptAll();
        }
        FakeTry over = retry().send();
        assertThat(over.why).isEqualTo(Unavailable.RETRY_BUDGET);
        assertThat(over.detail).contains("budget");
        // With 20 requests under way a fifth of them, 4, may be retries.
        List<FakeTry> requests = new ArrayList<>();
        for (int i = 0; i < 17; i++) {
            requests.add(granted());
        }
        FakeTry fourth = retry().send();
        assertThat(fourth.why).isNull();
        assertThat(retry().send().why).isEqualTo(Unavailable.RETRY_BUDGET);
        retries.forEach(t -> t.finish(200));
        requests.forEach(t -> t.finish(200));
        fourth.finish(200);
        assertThat(world.stats().get(Count.RETRIES)).isEqualTo(4);
        assertThat(world.stats().get(Count.RETRY_BUDGET_EXCEEDED)).isEqualTo(2);
        assertNothingLeft();
    }

    @Test
    void retriesKeepToTheirLimit() {
        world.limits(NONE, NONE, NONE, 1).pods("a");
        FakeTry first = retry().send();
        world.connector.acceptAll();
        assertThat(retry().send().why).isEqualTo(Unavailable.OVERFLOW);
        assertThat(world.stats().get(Count.RETRY_OVERFLOW)).isEqualTo(1);
        first.finish(200);
        FakeTry waiting = retry().send();
        waiting.finish(200);
        assertNothingLeft();
    }
}
