package io.culvert.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.identity.CredentialStatus.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RotatingCredentialSourceTest {
    private static final Instant START = Instant.parse("2026-11-20T12:00:00Z");
    private static final Duration TTL = Duration.ofSeconds(10);

    private Instant now = START;
    private final TestCa ca = new TestCa("cluster.local", () -> now);
    private final SpiffeId web = ca.id("web");
    private final SpiffeId shop = ca.id("shop");
    private final List<String> news = new ArrayList<>();
    private final List<CompletableFuture<SignedCertificate>> unanswered = new ArrayList<>();
    private int asked;
    private @Nullable String outage;
    private boolean silent;
    private RotatingCredentialSource source = source(RotationSettings.of(TTL));

    private RotatingCredentialSource source(RotationSettings settings) {
        RotatingCredentialSource made =
                RotatingCredentialSource.stepwise(this::sign, settings, () -> now, new Random(7));
        made.addListener(new CredentialSource.Listener() {
            @Override
            public void onPrepare(SpiffeId id, Credentials next) {
                assertThat(source.current(id)).isNotSameAs(next);
                news.add("prepare " + id.serviceAccount());
            }

            @Override
            public void onRotated(SpiffeId id, Credentials current) {
                assertThat(source.current(id)).isSameAs(current);
                news.add("rotated " + id.serviceAccount());
            }

            @Override
            public void onForgotten(SpiffeId id) {
                news.add("forgotten " + id.serviceAccount());
            }
        });
        return made;
    }

    private CompletableFuture<SignedCertificate> sign(SpiffeId id, String csr, Duration ttl) {
        asked++;
        if (silent) {
            CompletableFuture<SignedCertificate> answer = new CompletableFuture<>();
            unanswered.add(answer);
            return answer;
        }
        return outage != null ? CompletableFuture.failedFuture(new CredentialException(outage)) : ca.sign(id, csr, ttl);
    }

    /** Lets this much time pass, doing everything when it is due, and looks each 100 ms. */
    private void pass(Duration time, Runnable look) {
        Instant end = now.plus(time);
        while (now.isBefore(end)) {
            while (!source.runDue().isAfter(now)) {
                // What was started at this instant may have made more due.
            }
            look.run();
            now = now.plusMillis(100);
        }
    }

    @Test
    void rotatesTenSecondCertificatesForTwoMinutesWithoutAGap() {
        source.retain(web);
        assertThat(source.status().getFirst().state()).isEqualTo(State.INITIALIZING);
        List<Credentials> seen = new ArrayList<>();
        pass(Duration.ofMinutes(2), () -> {
            Credentials current = Objects.requireNonNull(source.current(web), () -> "none at " + now);
            assertThat(current.notAfter()).isAfter(now.plusSeconds(3));
            if (seen.isEmpty() || seen.getLast() != current) {
                seen.add(current);
            }
        });
        // At half life, a tenth earlier or later.
        assertThat(seen).hasSizeBetween(20, 29);
        assertThat(seen.stream().map(each -> each.svid().leaf().getPublicKey()).distinct())
                .hasSameSizeAs(seen);
        assertThat(source.status().getFirst().state()).isEqualTo(State.AVAILABLE);
    }

    @Test
    void servesTheOldCertificateThroughAnOutageAndComesBack() {
        source.retain(web);
        pass(Duration.ofMillis(100), () -> {});
        Credentials first = Objects.requireNonNull(source.current(web));
        outage = "UNAVAILABLE: connection refused";
        asked = 0;
        pass(
                Duration.between(now, first.notAfter()),
                () -> assertThat(source.current(web)).isSameAs(first));
        assertThat(asked).as("attempts before the end of the certificate").isGreaterThanOrEqualTo(4);

        CompletableFuture<Credentials> waiting = source.require(web);
        pass(Duration.ofMinutes(1), () -> assertThat(source.current(web)).isNull());
        CredentialStatus status = source.status().getFirst();
        assertThat(status.state()).isEqualTo(State.UNAVAILABLE);
        assertThat(status.lastError()).isEqualTo("UNAVAILABLE: connection refused");
        assertThat(status.chain()).isEqualTo(first.svid().chain());
        assertThat(waiting).isNotDone();

        outage = null;
        pass(Duration.ofSeconds(3), () -> {});
        assertThat(waiting).isCompletedWithValue(Objects.requireNonNull(source.current(web)));
        assertThat(source.status().getFirst().lastError()).isNull();
    }

    @Test
    void asksLessAndLessOftenButNeverTooLate() {
        source = source(RotationSettings.of(Duration.ofHours(24)));
        outage = "away";
        source.retain(web);
        pass(Duration.ofMinutes(10), () -> {});
        // 0.5 to 15 s apart: an outage outlives the CA's by 15 s at the most.
        assertThat(asked).isBetween(40, 60);

        outage = null;
        pass(Duration.ofSeconds(20), () -> {});
        Credentials first = Objects.requireNonNull(source.current(web));
        now = first.notAfter().minus(Duration.ofHours(10));
        outage = "away again";
        asked = 0;
        pass(Duration.ofMinutes(30), () -> {});
        // Doubling up to 150 s: the certificate leaves time.
        assertThat(asked).isBetween(15, 30);
        assertThat(source.current(web)).isSameAs(first);
    }

    @Test
    void keepsTheCaFromMoreThanEightAtOnceAndThoseWithoutCertificateFirst() {
        silent = true;
        for (int i = 0; i < 20; i++) {
            source.retain(ca.id("pod-" + i));
        }
        source.runDue();
        assertThat(asked).isEqualTo(8);
        // Nothing comes: after their time they make room.
        now = now.plus(RotationSettings.DEFAULT_ATTEMPT_TIMEOUT);
        source.runDue();
        assertThat(asked).isEqualTo(16);
        assertThat(source.status().stream().filter(each -> each.lastError() != null))
                .hasSize(8)
                .allSatisfy(each -> assertThat(each.lastError()).contains("did not answer within 10000 ms"));
    }

    @Test
    void ignoresAnAnswerThatComesTooLate() {
        silent = true;
        source.retain(web);
        source.runDue();
        now = now.plus(RotationSettings.DEFAULT_ATTEMPT_TIMEOUT);
        source.runDue();
        unanswered.getFirst().completeExceptionally(new CredentialException("late"));
        assertThat(source.status().getFirst().lastError()).contains("did not answer");
        silent = false;
        pass(Duration.ofSeconds(2), () -> {});
        assertThat(source.current(web)).isNotNull();
    }

    @Test
    void forgetsWithTheLastUser() {
        source.retain(web);
        source.retain(web);
        source.retain(shop);
        pass(Duration.ofMillis(100), () -> {});
        source.release(web);
        assertThat(source.current(web)).isNotNull();
        source.release(web);
        assertThat(source.current(web)).isNull();
        assertThat(source.current(shop)).isNotNull();
        assertThat(news)
                .containsExactlyInAnyOrder(
                        "prepare web", "rotated web", "prepare shop", "rotated shop", "forgotten web");
        assertThat(source.status()).extracting(CredentialStatus::id).containsExactly(shop);
        assertThatThrownBy(() -> source.release(web)).hasMessageContaining("more often than it was retained");
        assertThat(source.require(web))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("no pod of this node runs as " + web);
    }

    @Test
    void failsThoseWhoWaitWhenTheLastUserGoesAndWhenItCloses() {
        outage = "away";
        source.retain(web);
        source.retain(shop);
        source.runDue();
        CompletableFuture<Credentials> one = source.require(web);
        CompletableFuture<Credentials> other = source.require(shop);
        source.release(web);
        assertThat(one).failsWithin(Duration.ZERO).withThrowableThat().withMessageContaining("left this node");
        source.close();
        assertThat(other).failsWithin(Duration.ZERO).withThrowableThat().withMessageContaining("is closed");
        source.release(shop);
        source.close();
    }

    @Test
    void tellsTheLastErrorWhenTheCallerLosesPatience() {
        outage = "PERMISSION_DENIED: no pod that runs as it is on node a";
        source.retain(web);
        source.runDue();
        assertThat(source.require(web, Duration.ofMillis(20)))
                .failsWithin(Duration.ofSeconds(10))
                .withThrowableThat()
                .withMessageContaining("within 20 ms: PERMISSION_DENIED: no pod");
    }

    @Test
    void asksAtOnceForANewPodOfARefusedIdentity() {
        outage = "refused";
        source.retain(web);
        pass(Duration.ofSeconds(30), () -> {});
        outage = null;
        source.retain(web);
        source.runDue();
        assertThat(source.current(web)).isNotNull();
    }

    @Test
    void takesNoCertificateForAnotherNameOrKeyAndNoneThatExpired() {
        source = RotatingCredentialSource.stepwise(
                (id, csr, ttl) -> ca.sign(shop, csr, ttl), RotationSettings.of(TTL), () -> now, new Random(7));
        assertThat(errorOf(source)).contains("certified " + shop + " instead of " + web);

        source = RotatingCredentialSource.stepwise(
                (id, csr, ttl) -> ca.sign(id, Csr.create(id).pem(), ttl),
                RotationSettings.of(TTL),
                () -> now,
                new Random(7));
        assertThat(errorOf(source)).contains("not the one sent");

        source = RotatingCredentialSource.stepwise(
                (id, csr, ttl) -> ca.sign(id, csr, Duration.ofSeconds(-1)),
                RotationSettings.of(TTL),
                () -> now,
                new Random(7));
        assertThat(errorOf(source)).contains("of no use").contains("expired");
    }

    private String errorOf(RotatingCredentialSource other) {
        other.retain(web);
        other.runDue();
        assertThat(other.current(web)).isNull();
        return Objects.requireNonNull(other.status().getFirst().lastError());
    }

    @Test
    void worksOnThreadsOfItsOwn() throws Exception {
        CountDownLatch rotations = new CountDownLatch(2);
        TestCa real = new TestCa("cluster.local", Instant::now);
        RotationSettings settings = RotationSettings.of(Duration.ofSeconds(4));
        try (RotatingCredentialSource threads =
                RotatingCredentialSource.start(real, settings, Instant::now, new Random(7))) {
            threads.addListener((id, current) -> rotations.countDown());
            threads.retain(web);
            assertThat(threads.require(web, Duration.ofSeconds(10)).get().id()).isEqualTo(web);
            assertThat(rotations.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }
}
