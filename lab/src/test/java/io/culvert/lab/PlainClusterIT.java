package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The lab as a cluster without a mesh. */
@Tag("netns")
class PlainClusterIT {
    private static final String SLEEPER = """
            apiVersion: v1
            kind: Pod
            metadata: {name: short, namespace: other}
            spec:
              terminationGracePeriodSeconds: 600
              containers:
                - name: c
                  command: [sleep, infinity]
            """;

    @RegisterExtension
    static final LabExtension lab = new LabExtension(LabExtension.resource("plain.yaml"), LabOptions.plain());

    @Test
    void podsReachEachOtherAcrossNodesByBothFamilies() {
        LabPod client = lab.pod("client");
        LabPod web = lab.pod("web");
        assertThat(client.node()).isNotSameAs(web.node());
        assertThat(client.exec("curl", "-sS", "http://" + web.ip4() + "/").orThrow())
                .isEqualTo(web.name() + " " + client.ip4());
        assertThat(client.exec("curl", "-sS", "http://[" + web.ip6() + "]/").orThrow())
                .isEqualTo(web.name() + " " + client.ip6());
    }

    @Test
    void podsOfOneNodeReachEachOtherAndSeeTheRealAddress() {
        List<LabPod> web = lab.lab().pods().stream()
                .filter(pod -> pod.name().startsWith("web-"))
                .toList();
        assertThat(web).hasSize(2);
        assertThat(web.get(0)
                        .exec("curl", "-sS", "http://" + web.get(1).ip4() + "/")
                        .orThrow())
                .isEqualTo(web.get(1).name() + " " + web.get(0).ip4());
    }

    @Test
    void serviceNamesResolveAndSpreadOverReadyPods() {
        LabPod client = lab.pod("client");
        for (String name : List.of("web", "web.shop", "web.shop.svc.cluster.local")) {
            Set<String> answers = new TreeSet<>();
            for (int i = 0; i < 12; i++) {
                answers.add(
                        client.exec("curl", "-sS4", "http://" + name + ":8080/").orThrow());
            }
            assertThat(answers).as(name).hasSize(2).allMatch(answer -> answer.endsWith(client.ip4()));
        }
        assertThat(client.exec("curl", "-sS6", "http://web:8080/").orThrow()).endsWith(client.ip6());
        assertThat(lab.pod("tcp").exec("getent", "hosts", "web").ok())
                .as("short names are for the own namespace")
                .isFalse();
    }

    @Test
    void aPodReachesItselfThroughItsService() {
        LabPod tcp = lab.pod("tcp.other");
        for (String vip : lab.lab().clusterIps("other", "tcp")) {
            assertThat(tcp.sh("echo me | socat -t2 - TCP:" + (vip.contains(":") ? "[" + vip + "]" : vip) + ":7")
                            .orThrow())
                    .isEqualTo("me");
        }
    }

    @Test
    void aServiceWithoutEndpointsRefuses() {
        ExecResult refused = lab.pod("client").exec("curl", "-sS", "-m", "3", "http://nobody/");
        assertThat(refused.exit()).as(refused.describe()).isEqualTo(7);
    }

    @Test
    void aPodThatFailsItsProbeLeavesItsServiceAndComesBack() {
        LabPod client = lab.pod("client");
        LabPod web = lab.pod("web");
        web.stopProcesses();
        lab.lab().awaitReady(web, false, Duration.ofSeconds(5));
        for (int i = 0; i < 8; i++) {
            assertThat(client.exec("curl", "-sS", "http://web:8080/").orThrow()).doesNotContain(web.name());
        }
        web.startProcesses();
        lab.lab().awaitReady(web, true, Duration.ofSeconds(10));
    }

    @Test
    void podsAreSeparateProcessTreesWithTheirOwnUser() {
        LabPod client = lab.pod("client");
        assertThat(client.exec("id", "-u").orThrow()).isEqualTo("65534");
        assertThat(client.exec("cat", "/proc/1/comm").orThrow()).isEqualTo("sh");
        assertThat(client.sh("ls /proc | grep -c '^[0-9]'").orThrow().length()).isEqualTo(1);
        assertThat(client.sh("echo x > /tmp/mine && ls /tmp").orThrow()).isEqualTo("mine");
        assertThat(lab.pod("tcp").exec("ls", "/tmp").orThrow()).isEmpty();
        assertThat(lab.pod("tcp").exec("cat", "/proc/self/status").orThrow())
                .as("a container has no right to change its network")
                .contains("CapEff:\t00000000a80425fb");
    }

    @Test
    void writesWhatKubeletAndTheEndpointControllerWouldWrite() throws Exception {
        Path config = lab.lab().configDirectory();
        LabPod web = lab.pod("web");
        Tree pod = Yaml.load(Files.readString(config.resolve("pod.shop." + web.name() + ".yaml")), "pod")
                .getFirst()
                .tree();
        assertThat(pod.string("spec", "nodeName")).isEqualTo("node2");
        assertThat(pod.string("status", "podIP")).isEqualTo(web.ip4());
        assertThat(pod.string("metadata", "uid")).isEqualTo(web.uid());
        Tree slice = Yaml.load(Files.readString(config.resolve("endpointslice.shop.web-0.yaml")), "slice")
                .getFirst()
                .tree();
        assertThat(slice.list("endpoints")).hasSize(2).allMatch(e -> "true".equals(e.string("conditions", "ready")));
        assertThat(slice.list("ports").getFirst().string("port")).isEqualTo("80");
    }

    @Test
    void labelsOfARunningPodChange() throws Exception {
        LabPod client = lab.pod("client");
        Path file = lab.lab().configDirectory().resolve("pod.shop.client.yaml");
        lab.lab().label("Pod", "shop", "client", Map.of("culvert.io/mesh", "enabled"));
        assertThat(Files.readString(file)).contains("culvert.io/mesh: enabled").contains(client.uid());
    }

    @Test
    void aNodeStaysWhereItsPodsKnowItWhenAPortWithALowerAddressComes() {
        LabPod client = lab.pod("client");
        String gateway = client.node().addresses().gateway4();
        client.exec("ping", "-c1", "-W1", gateway).orThrow();
        Netns node = client.node().netns();
        node.shell(
                "ip link add low0 address 02:00:00:00:00:01 type veth peer name low1; ip link set low0 master br0 up");
        try {
            client.exec("ping", "-c1", "-W1", gateway).orThrow();
        } finally {
            node.shell("ip link delete low0");
        }
    }

    @Test
    @Timeout(120) // its grace, if it is not told to end
    void aCommandThatIsEndedAtOnceIsNotWaitedFor() throws Exception {
        for (int i = 0; i < 5; i++) {
            lab.lab().apply(SLEEPER);
            lab.lab().awaitReady(Duration.ofSeconds(10));
            lab.lab().delete("Pod", "other", "short");
            assertThat(lab.lab().pods()).noneMatch(pod -> pod.name().equals("short"));
        }
    }

    @Test
    void podsComeAndGoWithoutATrace() throws Exception {
        lab.lab().apply(SLEEPER);
        lab.lab().awaitReady(Duration.ofSeconds(10));
        LabPod pod = lab.pod("short");
        Path namespace = pod.networkNamespace();
        assertThat(namespace).exists();
        lab.lab().delete("Pod", "other", "short");
        assertThat(namespace).doesNotExist();
        assertThat(lab.lab().configDirectory().resolve("pod.other.short.yaml")).doesNotExist();
    }

    @Test
    void whatADeadRunLeftIsRemoved() throws Exception {
        Process process = new ProcessBuilder("true").start();
        process.waitFor();
        Netns left = new Netns("cv" + process.pid() + "-left");
        left.create();
        Process orphan = new ProcessBuilder(left.enter(List.of("sleep", "60"))).start();
        Leftovers.sweep(line -> {});
        assertThat(orphan.waitFor(Duration.ofSeconds(5))).isTrue();
        assertThat(left.path()).doesNotExist();
        assertThat(namespaces()).as("live runs are left alone").isNotEmpty();
    }

    private static Set<String> namespaces() throws Exception {
        String prefix = "cv" + ProcessHandle.current().pid() + "-";
        try (Stream<Path> files = Files.list(Netns.DIRECTORY)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .collect(Collectors.toSet());
        }
    }
}
