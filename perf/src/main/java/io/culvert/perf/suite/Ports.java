package io.culvert.perf.suite;

import io.culvert.core.linux.MeshSockets;
import io.culvert.perf.load.LoadMain;
import java.util.List;

/** Where the server's pods listen. */
final class Ports {
    static final int HTTP = 8080;
    static final int ECHO = LoadMain.ECHO_PORT;
    static final int SINK = LoadMain.SINK_PORT;
    /** The agents' own, in every pod of the mesh. */
    static final int HBONE = MeshSockets.HBONE_PORT;

    static final List<Integer> ALL = List.of(HTTP, ECHO, SINK);

    private Ports() {}
}
