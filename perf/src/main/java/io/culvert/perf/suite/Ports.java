package io.culvert.perf.suite;

import io.culvert.core.linux.MeshSockets;
import io.culvert.perf.load.LoadMain;
import java.util.List;

/** Where the server's pods listen. */
final class Ports {
    static final int HTTP = 8080;
    /** HTTP/2 without TLS, by prior knowledge. Between a client and a proxy only: an application is reached on {@link #HTTP}. */
    static final int HTTP2 = 8081;

    static final int ECHO = LoadMain.ECHO_PORT;
    static final int SINK = LoadMain.SINK_PORT;
    /** The agents' own, in every pod of the mesh. */
    static final int HBONE = MeshSockets.HBONE_PORT;

    static final List<Integer> ALL = List.of(HTTP, ECHO, SINK);
    /** Where a proxy of HTTP is asked. */
    static final List<Integer> WAYPOINT = List.of(HTTP, HTTP2);

    private Ports() {}
}
