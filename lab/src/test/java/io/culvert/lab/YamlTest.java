package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class YamlTest {
    @Test
    void keepsTheTextOfEachDocument() {
        List<Resource> resources = Yaml.load("""
                # what it is for
                kind: AuthorizationPolicy
                metadata: {name: p, namespace: shop}
                ---
                ---
                kind: Namespace
                metadata: {name: shop}
                """, "file.yaml");
        assertThat(resources)
                .extracting(Resource::key)
                .containsExactly(
                        new Resource.Key("AuthorizationPolicy", "shop", "p"),
                        new Resource.Key("Namespace", "", "shop"));
        assertThat(resources.getFirst().text()).startsWith("# what it is for\nkind: AuthorizationPolicy");
        assertThat(resources.getFirst().key().fileName()).isEqualTo("authorizationpolicy.shop.p.yaml");
    }

    @Test
    void namesSourceAndFaultOfWhatItCannotRead() {
        assertThatThrownBy(() -> Yaml.load("a: [", "file.yaml"))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("file.yaml is not valid YAML");
        assertThatThrownBy(() -> Yaml.load("kind: Pod\nmetadata: {name: Web}", "file.yaml"))
                .hasMessageContaining("Pod Web: metadata.name must be a DNS name");
        assertThatThrownBy(() -> PodSpec.of(Yaml.load(
                                "kind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: nginx}]}",
                                "file.yaml")
                        .getFirst()))
                .hasMessageContaining("command is missing");
    }

    @Test
    void podsOfADeploymentAreNamedAndOwnedAsByAReplicaSet() {
        List<PodSpec> pods = PodSpec.ofDeployment(Yaml.load("""
                                kind: Deployment
                                metadata: {name: web, namespace: shop}
                                spec:
                                  replicas: 2
                                  template:
                                    metadata: {labels: {app: web}}
                                    spec:
                                      containers:
                                        - {name: c, command: [sleep, "1"], ports: [{name: http, containerPort: 80}]}
                                """, "test").getFirst());
        assertThat(pods)
                .extracting(PodSpec::name)
                .doesNotHaveDuplicates()
                .allMatch(n -> n.matches("web-\\w{9}-\\w{5}"));
        assertThat(pods.getFirst().resource().labels())
                .containsEntry("app", "web")
                .containsKey("pod-template-hash");
        assertThat(pods.getFirst().port("http")).isEqualTo(80);
        assertThat(pods.getFirst().port("grpc")).isNull();
    }

    @Test
    void addressesAreWrittenAsPeopleWriteThem() {
        assertThat(Cidr.of("10.244.1.0/24").address(2)).isEqualTo("10.244.1.2");
        assertThat(Cidr.of("fd00:10:244:1::/64").address(300)).isEqualTo("fd00:10:244:1::12c");
        assertThat(Cidr.of("fd00:0:0:1::/64").address(0)).isEqualTo("fd00:0:0:1::");
        assertThatThrownBy(() -> Cidr.of("10.244.1.0/30").address(3)).hasMessageContaining("used up");
        assertThatThrownBy(() -> Cidr.of("example.org/24")).hasMessageContaining("not an address range");
    }
}
