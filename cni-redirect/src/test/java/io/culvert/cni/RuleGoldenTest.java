package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the writers make of the model, held against files; -Dculvert.golden.write=true writes them anew. */
class RuleGoldenTest {
    private static final Path FILES = Path.of("src/test/resources/rules");

    private static Map<String, RuleSet> variants() {
        Excludes excludes = new Excludes(
                new TreeSet<>(List.of(9100)),
                new TreeSet<>(List.of(25, 5432)),
                List.of(Cidr.parse("10.9.0.0/16"), Cidr.parse("10.9.1.0/24"), Cidr.parse("fd99::/64")));
        List<Cidr> nodes = List.of(Cidr.parse("10.77.0.1"), Cidr.parse("fd77::1"));
        TreeSet<Integer> probes = new TreeSet<>(List.of(5432, 6379));
        PodCgroup cgroup = new PodCgroup("unified/kubepods/podabc", "kubepods/podabc");
        TreeSet<Integer> many = IntStream.range(1000, 1020).boxed().collect(Collectors.toCollection(TreeSet::new));
        Map<String, RuleSet> variants = new TreeMap<>();
        variants.put("plain", RuleSet.of(CaptureSpec.ALL));
        variants.put("excludes", RuleSet.of(new CaptureSpec(excludes, new TreeSet<>(), List.of(), null, false)));
        variants.put("tcp-probes", RuleSet.of(new CaptureSpec(Excludes.NONE, probes, nodes, null, false)));
        variants.put("cgroup", RuleSet.of(new CaptureSpec(Excludes.NONE, new TreeSet<>(), nodes, cgroup, false)));
        variants.put("dns", RuleSet.model(new CaptureSpec(Excludes.NONE, new TreeSet<>(), nodes, null, true)));
        variants.put("everything", RuleSet.model(new CaptureSpec(excludes, probes, nodes, cgroup, true)));
        variants.put(
                "many-ports",
                RuleSet.of(new CaptureSpec(
                        new Excludes(many, new TreeSet<>(), List.of()), new TreeSet<>(), List.of(), null, false)));
        variants.put("draining", RuleSet.of(CaptureSpec.ALL).draining());
        return variants;
    }

    static Stream<String> names() {
        return variants().keySet().stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void writesWhatTheGoldenFileHolds(String name) throws IOException {
        RuleSet rules = Objects.requireNonNull(variants().get(name));
        compare(name + ".nft", NftWriter.replace(rules));
        compare(name + ".iptables", IptablesWriter.replace(rules, Family.V4, LiveTables.NONE));
        compare(name + ".ip6tables", IptablesWriter.replace(rules, Family.V6, LiveTables.NONE));
    }

    @Test
    void refusesDnsCaptureWithTheReason() {
        CaptureSpec spec = new CaptureSpec(Excludes.NONE, new TreeSet<>(), List.of(), null, true);
        assertThatThrownBy(() -> RuleSet.of(spec))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("DNS capture is not available")
                .hasMessageContaining("15053");
    }

    @Test
    void leavesTheJumpsThatAreThereAndRemovesDuplicatesAndStrangers() {
        LiveTables live = LiveTables.parse("""
                *nat
                :PREROUTING ACCEPT [0:0]
                :CULVERT_OUTPUT - [0:0]
                :CULVERT_OLD - [0:0]
                :KUBE-X - [0:0]
                -A PREROUTING -j KUBE-X
                -A OUTPUT -j CULVERT_OUTPUT
                -A OUTPUT -j CULVERT_OUTPUT
                -A OUTPUT -p tcp -j CULVERT_OLD
                -A CULVERT_OUTPUT -j ACCEPT
                COMMIT
                """);
        String text = IptablesWriter.replace(RuleSet.of(CaptureSpec.ALL), Family.V4, live);
        assertThat(text.substring(text.indexOf("*nat")).lines().limit(8))
                .containsExactly(
                        "*nat",
                        ":CULVERT_PREROUTING - [0:0]",
                        ":CULVERT_OUTPUT - [0:0]",
                        "-I PREROUTING 1 -j CULVERT_PREROUTING",
                        "-D OUTPUT -j CULVERT_OUTPUT",
                        "-D OUTPUT -p tcp -j CULVERT_OLD",
                        "-F CULVERT_OLD",
                        "-X CULVERT_OLD");
        assertThat(text).doesNotContain("KUBE");
        assertThat(IptablesWriter.remove(live)).isEqualTo("""
                        *nat
                        -D OUTPUT -j CULVERT_OUTPUT
                        -D OUTPUT -j CULVERT_OUTPUT
                        -D OUTPUT -p tcp -j CULVERT_OLD
                        -F CULVERT_OLD
                        -F CULVERT_OUTPUT
                        -X CULVERT_OLD
                        -X CULVERT_OUTPUT
                        COMMIT
                        """);
        assertThat(IptablesWriter.remove(LiveTables.NONE)).isEmpty();
    }

    @Test
    void equalWishesAreEqualRulesWhateverTheirOrder() {
        CaptureSpec one = new CaptureSpec(
                Excludes.NONE,
                new TreeSet<>(List.of(2, 1)),
                List.of(Cidr.parse("10.0.0.2"), Cidr.parse("10.0.0.1")),
                null,
                false);
        CaptureSpec other = new CaptureSpec(
                Excludes.NONE,
                new TreeSet<>(List.of(1, 2)),
                List.of(Cidr.parse("10.0.0.1"), Cidr.parse("10.0.0.2"), Cidr.parse("10.0.0.1")),
                null,
                false);
        assertThat(RuleSet.of(one)).isEqualTo(RuleSet.of(other)).isNotEqualTo(RuleSet.of(CaptureSpec.ALL));
    }

    private static void compare(String file, String text) throws IOException {
        Path path = FILES.resolve(file);
        if (Boolean.getBoolean("culvert.golden.write")) {
            Files.createDirectories(FILES);
            Files.writeString(path, text);
        }
        assertThat(text).as(file).isEqualTo(Files.readString(path));
    }
}
