package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.Authority;
import io.culvert.core.hbone.IncomingConnect;
import io.culvert.core.linux.MeshSockets;
import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.identity.SpiffeId;
import io.culvert.proto.workload.AppProtocol;
import io.culvert.waypoint.Addressed;
import io.culvert.waypoint.Client;
import java.net.InetSocketAddress;

/**
 * Says of each CONNECT which service or workload its authority names, and whether that is this waypoint's to serve. What
 * is not in the mesh, and bound to this very waypoint, is never connected to. Any thread.
 */
final class Destinations {
    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;
    private static final int LOOP_DETECTED = 508;

    private final Parts parts;

    Destinations(Parts parts) {
        this.parts = parts;
    }

    /** Where a CONNECT leads. */
    sealed interface Destination {
        record Found(Client client, Protocol protocol) implements Destination {}

        record Wrong(String result, int status, String detail) implements Destination {}
    }

    Destination of(IncomingConnect connect) {
        SpiffeId peer = connect.tunnel().peer();
        if (peer.equals(parts.settings().identity())) {
            return new Destination.Wrong(
                    "loop",
                    LOOP_DETECTED,
                    "it comes from this waypoint itself: a pod that is an endpoint of a service must not be its waypoint");
        }
        if ("waypoint".equals(connect.header(Outgoing.SOURCE_HEADER))) {
            return new Destination.Wrong(
                    "loop",
                    LOOP_DETECTED,
                    "it comes from another waypoint, " + peer + ": a service selects the pods of a waypoint");
        }
        MeshState state = parts.state().get();
        Authority authority = connect.authority();
        Ip ip = authority.address() == null ? null : Ip.of(authority.address());
        String namespace = peer.namespace() == null ? "" : peer.namespace();
        Service service = ip == null
                ? state.serviceNamed(authority.host(), namespace)
                : state.serviceAt(parts.settings().network(), ip, namespace);
        if (service != null) {
            return service(state, service, connect);
        }
        // A pod is addressed by its address alone: names are those of services.
        Workload workload =
                ip == null ? null : state.workloadAt(parts.settings().network(), ip);
        return ip == null || workload == null
                ? new Destination.Wrong(
                        "unknown_service",
                        NOT_FOUND,
                        "no service or pod has that address: is this waypoint connected to its control plane?")
                : workload(state, workload, ip, connect);
    }

    private Destination service(MeshState state, Service service, IncomingConnect connect) {
        int port = connect.authority().port();
        if (!isMine(state, service)) {
            return notBound("service " + service.key());
        }
        if (!service.ports().contains(port)) {
            return new Destination.Wrong("no_port", BAD_REQUEST, "service " + service.key() + " has no port " + port);
        }
        return new Destination.Found(client(connect, new Addressed.ToService(service)), declared(service, port));
    }

    private Destination workload(MeshState state, Workload workload, Ip ip, IncomingConnect connect) {
        int port = connect.authority().port();
        if (workload.waypoint() == null || !names(state, workload.waypoint())) {
            return notBound("pod " + workload.uid());
        }
        if (port == MeshSockets.OUTBOUND_PORT
                || port == MeshSockets.INBOUND_PLAIN_PORT
                || port == MeshSockets.HBONE_PORT) {
            return new Destination.Wrong(
                    "no_port", BAD_REQUEST, "port " + port + " of pod " + workload.uid() + " is the mesh's own");
        }
        Protocol protocol = declared(workload, port);
        Addressed to = new Addressed.ToWorkload(
                workload,
                Cluster.ofWorkload(workload.uid(), ip, port, protocol),
                RouteTable.waypointKey(
                        parts.settings().namespace(), parts.settings().name()));
        return new Destination.Found(client(connect, to), protocol);
    }

    private static Client client(IncomingConnect connect, Addressed to) {
        Authority authority = connect.authority();
        InetSocketAddress named = authority.address() == null
                ? InetSocketAddress.createUnresolved(authority.host(), authority.port())
                : new InetSocketAddress(authority.address(), authority.port());
        return new Client(connect.tunnel().peer(), connect.tunnel().remoteAddress(), to, authority.port(), named);
    }

    private Destination notBound(String what) {
        return new Destination.Wrong(
                "not_bound",
                BAD_REQUEST,
                what + " does not use waypoint " + parts.settings().namespace() + "/"
                        + parts.settings().name() + ": the client's mesh state is old, or it is not honest");
    }

    private boolean isMine(MeshState state, Service service) {
        if (service.waypoint() != null && names(state, service.waypoint())) {
            return true;
        }
        for (Service.WeightedWaypoint weighted : service.weightedWaypoints()) {
            if (names(state, weighted.waypoint())) {
                return true;
            }
        }
        return false;
    }

    private boolean names(MeshState state, GatewayRef ref) {
        return switch (ref) {
            case GatewayRef.ByHostname(String namespace, String hostname, int _) ->
                isOwn(namespace, hostname.indexOf('.') < 0 ? hostname : hostname.substring(0, hostname.indexOf('.')));
            case GatewayRef.ByAddress(String network, Ip address, int _) -> {
                Service service =
                        state.serviceAt(network, address, parts.settings().namespace());
                Workload self = parts.self().get();
                yield service != null
                        ? isOwn(service.namespace(), service.name())
                        : self != null
                                && self.network().equals(network)
                                && self.addresses().contains(address);
            }
        };
    }

    private boolean isOwn(String namespace, String name) {
        return namespace.equals(parts.settings().namespace())
                && name.equals(parts.settings().name());
    }

    /** What the routes say, where somebody wrote some; else as the service's port declares it. */
    private Protocol declared(Service service, int port) {
        Cluster cluster = parts.routes().get().clusters().get(Cluster.key(service.key(), port, ""));
        if (cluster != null && cluster.protocol() != Protocol.DETECT) {
            return cluster.protocol();
        }
        for (PortMap.ServicePort declared : service.ports().ports()) {
            if (declared.servicePort() == port) {
                return protocol(declared.appProtocol());
            }
        }
        return Protocol.DETECT;
    }

    /** As the services declare it that lead to the port; where they do not agree, nobody has said it. */
    private static Protocol declared(Workload workload, int port) {
        Protocol found = Protocol.DETECT;
        for (PortMap ports : workload.services().values()) {
            for (PortMap.ServicePort one : ports.ports()) {
                Protocol protocol = one.targetPort() == port ? protocol(one.appProtocol()) : Protocol.DETECT;
                if (protocol != Protocol.DETECT && found != Protocol.DETECT && protocol != found) {
                    return Protocol.DETECT;
                }
                found = protocol == Protocol.DETECT ? found : protocol;
            }
        }
        return found;
    }

    private static Protocol protocol(AppProtocol declared) {
        return switch (declared) {
            case HTTP11 -> Protocol.HTTP;
            case HTTP2 -> Protocol.HTTP2;
            case GRPC -> Protocol.GRPC;
            case TCP -> Protocol.TCP;
            case TLS -> Protocol.TLS;
            case UNKNOWN, UNRECOGNIZED -> Protocol.DETECT;
        };
    }
}
