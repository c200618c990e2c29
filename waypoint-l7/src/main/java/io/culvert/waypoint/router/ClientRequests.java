package io.culvert.waypoint.router;

import io.culvert.core.route.Authorization;
import io.culvert.core.route.Backend;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.WeightedBackend;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.telemetry.RequestRecord;
import io.culvert.waypoint.telemetry.ResponseFlag;
import java.util.List;

/** The requests of one client connection. Owned by its loop. */
final class ClientRequests implements RequestHandler {
    private final Router router;
    private final Client client;
    private final Authorization.Caller caller;
    private final HttpRule passThrough;

    ClientRequests(Router router, Client client) {
        this.router = router;
        this.client = client;
        this.caller = client.caller();
        Backend itself = new Backend.ToCluster(client.to().clusterKey(client.port()));
        this.passThrough = HttpRule.forward("default", List.of(WeightedBackend.all(itself)));
    }

    @Override
    public void onRequest(ServerExchange exchange) {
        assert exchange.loop().inEventLoop();
        new Exchange(router, client, caller, exchange, passThrough).start();
    }

    @Override
    public void onRefused(String protocol, int status, String detail) {
        RequestRecord record = new RequestRecord(client, 0);
        record.protocol = protocol;
        record.status = status;
        record.detail = RequestRecord.cut(detail);
        record.flag(ResponseFlag.CLIENT_PROTOCOL_ERROR);
        router.telemetry().ended(record);
    }
}
