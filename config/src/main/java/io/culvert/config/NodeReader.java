package io.culvert.config;

import com.google.protobuf.ByteString;
import io.culvert.proto.workload.Locality;
import java.util.ArrayList;
import java.util.List;

/** Reads Nodes. */
final class NodeReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        List<String> addresses = new ArrayList<>();
        Fields status = root.object("status");
        if (status != null) {
            for (Fields address : status.objects("addresses")) {
                String type = address.text("type", "");
                String text = address.text("address", "");
                address.finish();
                if (type.endsWith("IP")) {
                    byte[] bytes = AddressText.parse(text);
                    if (bytes == null) {
                        address.error("address", "\"" + text + "\" is no IP address");
                    } else {
                        addresses.add(AddressText.format(ByteString.copyFrom(bytes)));
                    }
                }
            }
        }
        root.known("spec", "status").finish();
        Locality locality = Locality.newBuilder()
                .setRegion(meta.labels().getOrDefault("topology.kubernetes.io/region", ""))
                .setZone(meta.labels().getOrDefault("topology.kubernetes.io/zone", ""))
                .setSubzone(meta.labels().getOrDefault("topology.istio.io/subzone", ""))
                .build();
        return new NodeResource(meta, List.copyOf(addresses), locality);
    }
}
