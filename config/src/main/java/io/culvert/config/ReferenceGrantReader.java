package io.culvert.config;

import io.culvert.config.ReferenceGrantResource.From;
import io.culvert.config.ReferenceGrantResource.To;
import java.util.ArrayList;
import java.util.List;

/** Reads ReferenceGrants. */
final class ReferenceGrantReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        Fields spec = root.object("spec");
        root.known("status").finish();
        List<From> from = new ArrayList<>();
        List<To> to = new ArrayList<>();
        if (spec == null) {
            if (!root.has("spec")) {
                root.error("spec", "is missing");
            }
            return new ReferenceGrantResource(meta, List.of(), List.of());
        }
        for (Fields item : spec.objects("from")) {
            from.add(new From(
                    item.text("group", ""),
                    GatewayFields.required(item, "kind"),
                    GatewayFields.required(item, "namespace")));
            item.finish();
        }
        for (Fields item : spec.objects("to")) {
            to.add(new To(item.text("group", ""), GatewayFields.required(item, "kind"), item.text("name", "")));
            item.finish();
        }
        if (from.isEmpty() || to.isEmpty()) {
            spec.warning(from.isEmpty() ? "from" : "to", "is empty: this grants nothing");
        }
        spec.finish();
        return new ReferenceGrantResource(meta, List.copyOf(from), List.copyOf(to));
    }
}
