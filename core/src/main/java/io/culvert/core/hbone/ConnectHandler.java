package io.culvert.core.hbone;

/** Decides about the CONNECT requests of a server's tunnels. */
@FunctionalInterface
public interface ConnectHandler {
    /** Called on the tunnel's loop, once per request; answers with accept or reject, now or later on that loop. */
    void onConnect(IncomingConnect connect);
}
