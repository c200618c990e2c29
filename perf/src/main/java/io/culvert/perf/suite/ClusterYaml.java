package io.culvert.perf.suite;

import io.culvert.lab.LabNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;

/**
 * The cluster's description. The mesh's namespace is strict and has policies: an ALLOW that names the client, a DENY
 * that matches nobody. nginx serves HTTP in every server's pod.
 */
final class ClusterYaml {
    private static final String IDLE = "[sleep, infinity]";

    private final Path directory;
    private final StringBuilder yaml = new StringBuilder();

    ClusterYaml(Path directory) {
        this.directory = directory;
    }

    /**
     * {@code peers} get a pair of pods on two nodes, {@code near} a pair on one; {@code more} are idle pods of the mesh,
     * name to node, and there are {@code others}.
     */
    static String of(
            Path directory,
            Collection<String> peers,
            Collection<String> near,
            Map<String, String> more,
            Collection<OtherMesh> others)
            throws IOException {
        ClusterYaml cluster = new ClusterYaml(directory);
        cluster.nodes(others);
        cluster.namespace("direct", false);
        cluster.client("direct");
        cluster.server("direct", "server", "node-2");
        cluster.server("direct", "near", "node-1");
        cluster.mesh("mesh");
        cluster.client("mesh");
        cluster.server("mesh", "server", "node-2");
        cluster.server("mesh", "near", "node-1");
        more.forEach((name, node) -> cluster.pod("mesh", name, node, IDLE));
        for (OtherMesh other : others) {
            cluster.mesh(other.label());
            cluster.pod(other.label(), "client", other.clientNode(), IDLE);
            cluster.server(other.label(), "server", other.serverNode());
        }
        for (String peer : peers) {
            cluster.namespace(peer, false);
            cluster.client(peer);
            cluster.server(peer, "server", "node-2");
        }
        for (String peer : near) {
            cluster.namespace(peer + "-near", false);
            cluster.client(peer + "-near");
            cluster.server(peer + "-near", "near", "node-1");
        }
        return cluster.text();
    }

    /** What was described so far. */
    String text() {
        return yaml.toString();
    }

    /** Those of the mesh and its peers, and of {@code others}. */
    void nodes(Collection<OtherMesh> others) {
        node("node-1", "");
        node("node-2", "");
        for (OtherMesh other : others) {
            node(other.clientNode(), other.agentOptions());
            node(other.serverNode(), other.agentOptions());
        }
    }

    private void node(String name, String agentOptions) {
        yaml.append(String.format(Locale.ROOT, """
                apiVersion: v1
                kind: Node
                metadata: {name: %s, annotations: {%s: "%s"}}
                ---
                """, name, LabNode.AGENT_OPTIONS, agentOptions));
    }

    private void mesh(String name) {
        namespace(name, true);
        yaml.append(String.format(Locale.ROOT, """
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata: {name: strict, namespace: %1$s}
                spec: {mtls: {mode: STRICT}}
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: clients, namespace: %1$s}
                spec:
                  action: ALLOW
                  rules: [{from: [{source: {principals: [cluster.local/ns/%1$s/sa/default]}}]}]
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: strangers, namespace: %1$s}
                spec:
                  action: DENY
                  rules: [{from: [{source: {namespaces: [elsewhere]}}], to: [{operation: {ports: ["8080", "7007", "7008"]}}]}]
                ---
                """, name));
    }

    void namespace(String name, boolean mesh) {
        yaml.append(String.format(Locale.ROOT, """
                apiVersion: v1
                kind: Namespace
                metadata: {name: %1$s, labels: {culvert.io/mesh: %2$s}}
                ---
                apiVersion: v1
                kind: ServiceAccount
                metadata: {name: default, namespace: %1$s}
                ---
                """, name, mesh ? "enabled" : "disabled"));
    }

    void client(String namespace) {
        pod(namespace, "client", "node-1", IDLE);
    }

    void server(String namespace, String name, String node) throws IOException {
        Path files = Files.createDirectories(directory.resolve("nginx-" + namespace + "-" + name));
        Path configuration = files.resolve("nginx.conf");
        Files.writeString(
                configuration, String.format(Locale.ROOT, """
                daemon off;
                user root;
                worker_processes 1;
                worker_rlimit_nofile 20000;
                pid %1$s/pid;
                error_log %1$s/error.log warn;
                events { worker_connections 15000; }
                http {
                  access_log off;
                  server_tokens off;
                  keepalive_requests 1000000000;
                  keepalive_timeout 1h;
                  client_body_temp_path %1$s/body;
                  proxy_temp_path %1$s/proxy;
                  fastcgi_temp_path %1$s/fastcgi;
                  uwsgi_temp_path %1$s/uwsgi;
                  scgi_temp_path %1$s/scgi;
                  server {
                    listen %2$d backlog=4096;
                    listen %4$d http2 backlog=4096;
                    default_type text/plain;
                    location / { return 200 "%3$s"; }
                    location = /large { root %1$s; }
                  }
                }
                """, files, Ports.HTTP, "x".repeat(1024), Ports.HTTP2));
        pod(namespace, name, node, "[nginx, -e, " + files.resolve("start.log") + ", -c, " + configuration + "]");
    }

    void pod(String namespace, String name, String node, String command) {
        yaml.append(String.format(Locale.ROOT, """
                apiVersion: v1
                kind: Pod
                metadata: {name: %1$s, namespace: %2$s, labels: {app: %1$s}}
                spec:
                  nodeName: %3$s
                  containers: [{name: main, command: %4$s}]
                ---
                """, name, namespace, node, command));
    }
}
