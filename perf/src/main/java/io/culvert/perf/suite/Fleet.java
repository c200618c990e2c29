package io.culvert.perf.suite;

import io.culvert.lab.LabPod;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/**
 * 500 services behind the bench's waypoint, two routes for each and four endpoints: resources that the controller reads, of
 * pods that are nowhere. The last rule of each service is a redirect, so that what is in force can be asked for.
 */
final class Fleet {
    private static final int SERVICES = 500;
    private static final int PODS = 4;
    private static final int BODY_LIMIT = 1 << 16;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** Written beside the lab's own files: each whole or not at all, by a rename out of {@code staging}. */
    void write(Path directory, Path staging) throws IOException {
        for (int i = 0; i < SERVICES; i++) {
            String name = "fleet-" + i + ".yaml";
            Path fresh = Files.writeString(staging.resolve(name), service(i));
            Files.move(fresh, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Returns when every service's routes are asked by the waypoint. */
    void awaitInForce(LabPod client) {
        for (int i = 0; i < SERVICES; i++) {
            String address = address("10.98", i);
            Waits.until("the routes of service fleet-" + i + " are in force", PATIENCE, () -> moved(client, address));
        }
    }

    private static boolean moved(LabPod client, String address) {
        try {
            return client.sockets()
                            .request("GET", InetAddress.ofLiteral(address), 80, "/moved", Map.of(), TIMEOUT, BODY_LIMIT)
                            .status()
                    == 302;
        } catch (IOException e) {
            return false;
        }
    }

    private static String address(String network, int number) {
        return network + "." + number / 250 + "." + (1 + number % 250);
    }

    private static String service(int i) {
        StringBuilder yaml = new StringBuilder(String.format(Locale.ROOT, """
                apiVersion: v1
                kind: Service
                metadata: {name: fleet-%1$d, namespace: waypoint, labels: {culvert.io/use-waypoint: way}}
                spec:
                  clusterIP: %2$s
                  clusterIPs: [%2$s]
                  selector: {app: fleet-%1$d}
                  ports: [{name: http, port: 80, targetPort: 8080}]
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: fleet-%1$d-api, namespace: waypoint}
                spec:
                  parentRefs: [{group: "", kind: Service, name: fleet-%1$d}]
                  rules:
                    - matches:
                        - path: {type: PathPrefix, value: /api/v%1$d}
                          headers: [{name: x-user, value: u%1$d}]
                      backendRefs: [{name: fleet-%1$d, port: 80}]
                    - matches: [{path: {type: PathPrefix, value: /api}, method: GET}]
                      timeouts: {request: 10s}
                      backendRefs: [{name: fleet-%1$d, port: 80}]
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: fleet-%1$d-rest, namespace: waypoint}
                spec:
                  parentRefs: [{group: "", kind: Service, name: fleet-%1$d}]
                  rules:
                    - matches: [{path: {type: PathPrefix, value: /}}]
                      backendRefs: [{name: fleet-%1$d, port: 80, weight: 90}, {name: app, port: 8080, weight: 10}]
                    - matches: [{path: {type: Exact, value: /moved}}]
                      filters: [{type: RequestRedirect, requestRedirect: {statusCode: 302, hostname: other.example}}]
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: fleet-%1$d, namespace: waypoint, labels: {kubernetes.io/service-name: fleet-%1$d}}
                addressType: IPv4
                ports: [{name: http, port: 8080, protocol: TCP}]
                endpoints:
                """, i, address("10.98", i)));
        StringBuilder pods = new StringBuilder();
        for (int pod = 0; pod < PODS; pod++) {
            String name = "fleet-" + i + "-" + pod;
            String address = address("10.99", i * PODS + pod);
            yaml.append(String.format(Locale.ROOT, """
                    - addresses: [%1$s]
                      nodeName: node-2
                      conditions: {ready: true, serving: true, terminating: false}
                      targetRef: {kind: Pod, name: %2$s, namespace: waypoint}
                    """, address, name));
            pods.append(String.format(Locale.ROOT, """
                    ---
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: %2$s, namespace: waypoint, labels: {app: fleet-%3$d}}
                    spec:
                      nodeName: node-2
                      serviceAccountName: default
                      containers: [{name: main, ports: [{containerPort: 8080}]}]
                    status:
                      phase: Running
                      podIP: %1$s
                      podIPs: [{ip: %1$s}]
                      conditions: [{type: Ready, status: "True"}]
                    """, address, name, i));
        }
        return yaml.append(pods).toString();
    }
}
