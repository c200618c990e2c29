package io.culvert.perf.suite;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;

/**
 * What the topology {@code waypoint} adds to the cluster: a namespace of the mesh with a waypoint, a service behind it with
 * routes and a policy, and pods for proxies in the waypoint's place.
 */
final class WaypointYaml {
    static final String NAMESPACE = "waypoint";
    static final String GATEWAY = "way";
    static final String SERVICE = "app";
    static final String MIDDLE = "middle";

    private static final String WAYPOINT = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: way, namespace: waypoint}
            spec:
              gatewayClassName: culvert-waypoint
              listeners: [{name: mesh, port: 15008, protocol: HBONE}]
            ---
            """;

    // HTTP/2 is understood on any port that is declared as http, and the app gets HTTP/1.1 on both: as with the peers.
    private static final String RESOURCES = """
            apiVersion: v1
            kind: Service
            metadata: {name: app, namespace: waypoint, labels: {culvert.io/use-waypoint: way}}
            spec:
              selector: {app: server}
              ports:
                - {name: http, port: 8080, targetPort: 8080}
                - {name: http-streams, port: 8081, targetPort: 8080}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: canary, namespace: waypoint}
            spec:
              selector: {app: server}
              ports: [{name: http, port: 8080, targetPort: 8080}]
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: app, namespace: waypoint}
            spec:
              parentRefs: [{group: "", kind: Service, name: app}]
              rules:
                - matches: [{path: {type: Exact, value: /old}}]
                  filters:
                    - type: RequestRedirect
                      requestRedirect: {statusCode: 302, path: {type: ReplaceFullPath, replaceFullPath: /new}}
                - matches: [{path: {type: PathPrefix, value: /api/v2}}]
                  filters:
                    - type: RequestHeaderModifier
                      requestHeaderModifier: {set: [{name: x-api, value: v2}]}
                  backendRefs: [{name: canary, port: 8080}]
                - matches: [{path: {type: PathPrefix, value: /api}}]
                  backendRefs: [{name: app, port: 8080}]
                - matches: [{headers: [{name: x-release, value: canary}]}]
                  backendRefs: [{name: canary, port: 8080}]
                - backendRefs: [{name: app, port: 8080}]
            ---
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: requests, namespace: waypoint}
            spec:
              targetRefs: [{group: "", kind: Service, name: app}]
              action: ALLOW
              rules:
                - from: [{source: {principals: [cluster.local/ns/waypoint/sa/default]}}]
                  to: [{operation: {methods: [GET, POST]}}]
            ---
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: connections, namespace: waypoint}
            spec:
              selector: {matchLabels: {app: server}}
              action: ALLOW
              rules: [{from: [{source: {principals: [cluster.local/ns/waypoint/sa/way]}}]}]
            ---
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: strict, namespace: waypoint}
            spec: {mtls: {mode: STRICT}}
            ---
            """;

    private WaypointYaml() {}

    /** Nodes and waypoint. A waypoint's pod goes to the node with the fewest pods, so it is made before all others. */
    static String first(Path directory, Collection<OtherMesh> others) {
        ClusterYaml cluster = new ClusterYaml(directory);
        cluster.nodes(others);
        cluster.namespace(NAMESPACE, true);
        return cluster.text() + WAYPOINT;
    }

    /** Everything else. */
    static String rest(Path directory, Collection<String> peers) throws IOException {
        ClusterYaml cluster = new ClusterYaml(directory);
        cluster.client(NAMESPACE);
        cluster.server(NAMESPACE, "server", "node-2");
        for (String peer : peers) {
            cluster.namespace(peer, false);
            cluster.client(peer);
            cluster.pod(peer, MIDDLE, "node-1", "[sleep, infinity]");
            cluster.server(peer, "server", "node-2");
        }
        return cluster.text() + RESOURCES;
    }
}
