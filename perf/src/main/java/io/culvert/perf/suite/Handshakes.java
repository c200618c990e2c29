package io.culvert.perf.suite;

import io.culvert.perf.load.Marks;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.util.List;
import java.util.TreeMap;

/**
 * A storm of TLS handshakes on the server's tunnel port, 64 at once and ten times a second, beside 1,000 requests/s
 * through a tunnel that stands: what strangers make an agent compute must not stop its other connections.
 */
final class Handshakes implements Suite {
    private static final String NAME = "handshakes";
    private static final int AT_ONCE = 64;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        try (Cluster cluster = session.cluster(List.of(), new TreeMap<>());
                LoadProgram program = LoadProgram.drive();
                LoadProgram strangers = LoadProgram.handshakes(QuietAndNot.way(cluster), cluster.outside())) {
            return new QuietAndNot(NAME, session, cluster, program).measure(new QuietAndNot.Disturbance() {
                @Override
                public double every() {
                    return 0.1;
                }

                @Override
                public void step() throws IOException {
                    int refused = strangers
                            .round(Integer.toString(AT_ONCE), Marks.NONE)
                            .get("refused")
                            .asInt();
                    if (refused != AT_ONCE) {
                        session.say(NAME + ": " + refused + " of " + AT_ONCE + " handshakes came to their refusal");
                    }
                }
            });
        }
    }
}
