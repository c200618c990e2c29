package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import io.culvert.lab.LinkCapture;
import io.culvert.lab.TcpStreams;
import io.culvert.lab.TlsRecords;
import java.nio.charset.StandardCharsets;

/**
 * What a listener between the nodes sees: TLS 1.3 of the connection that was made, and none of its words; the same
 * search finds them where a pod outside the mesh fetches the same. It must be the first traffic between its pods, since
 * a tunnel that is up already shows no handshake.
 */
public final class EncryptedLink implements Check {
    private static final byte[] WORDS = "CULVERT-DEMO-PLAINTEXT".getBytes(StandardCharsets.US_ASCII);
    private static final int TUNNEL_PORT = 15008;

    private final DemoCluster cluster;

    public EncryptedLink(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "TLS 1.3 between the nodes";
    }

    @Override
    public String run() {
        LabPod client = cluster.client();
        LabPod front = cluster.front();
        int size =
                Integer.parseInt(cluster.web().sh("wc -c < /tmp/www/catalogue").orThrow());
        TcpStreams meshed = fetch(client);
        for (TcpStreams.Direction tunnel : meshed.directions()) {
            if (tunnel.toPort() == TUNNEL_PORT) {
                verify(tunnel, TlsRecords.of(meshed.bytes(tunnel)), TlsRecords.of(meshed.answer(tunnel)));
            }
        }
        long carried = 0;
        int records = 0;
        for (TcpStreams.Direction tunnel : meshed.between(client.ip4(), front.ip4(), TUNNEL_PORT)) {
            TlsRecords answers = TlsRecords.of(meshed.answer(tunnel));
            carried += answers.applicationBytes();
            records += answers.records();
        }
        CheckFailure.unless(
                carried >= size,
                "the page has " + size + " bytes, and the capture holds " + carried + " from " + front.ip4() + ":"
                        + TUNNEL_PORT + " to " + client.ip4() + "; it saw " + meshed.directions());
        int leaked = meshed.occurrences(WORDS);
        CheckFailure.unless(leaked == 0, "the words of the page are " + leaked + " times on the link");

        int found = fetch(cluster.billing()).occurrences(WORDS);
        CheckFailure.unless(
                found > 0, "the search does not find the words on the unmeshed edge either, so it proves nothing");
        return "%s > %s:%d: %d bytes in %d TLS 1.3 records, the page's words 0 times; billing > front, unmeshed: %d times"
                .formatted(client.ip4(), front.ip4(), TUNNEL_PORT, carried, records, found);
    }

    private static void verify(TcpStreams.Direction tunnel, TlsRecords requests, TlsRecords answers) {
        CheckFailure.unless(requests.hello() && answers.hello(), "the capture has no TLS handshake of " + tunnel);
        CheckFailure.unless(answers.version13(), tunnel + " did not choose TLS 1.3");
        CheckFailure.unless(
                requests.whole() && answers.whole(), tunnel + " carried something that is not a TLS record");
    }

    private TcpStreams fetch(LabPod pod) {
        try (LinkCapture capture = new LinkCapture(cluster.lab())) {
            pod.sh("curl -sSf http://" + cluster.address("front") + "/catalogue > /tmp/captured")
                    .orThrow();
            return capture.stop();
        }
    }
}
