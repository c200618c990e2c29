package io.culvert.config;

import io.culvert.core.route.Cors;
import io.culvert.core.route.StringMatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code corsPolicy} of VirtualServices. Stateless; any thread. */
final class CorsReader {
    private CorsReader() {}

    /** Named as they are written. */
    private enum Preflights {
        UNSPECIFIED,
        FORWARD,
        IGNORE
    }

    /** The policy; null when there is none. */
    static @Nullable Cors read(Fields rule) {
        Fields fields = rule.object("corsPolicy");
        if (fields == null) {
            return null;
        }
        List<StringMatch> origins = new ArrayList<>();
        for (Fields origin : fields.objects("allowOrigins")) {
            StringMatch match = IstioFields.string(origin, false);
            if (match != null) {
                origins.add(isAny(match) ? new StringMatch.Present() : match);
            } else if (origin.names().isEmpty()) {
                origin.error("", "is empty: give exact, prefix or regex");
            }
        }
        for (Fields.Text text : fields.texts("allowOrigin")) {
            origins.add(
                    text.value().equals("*") ? new StringMatch.Present() : new StringMatch.Exact(text.value(), false));
        }
        if (fields.has("allowOrigin")) {
            fields.warning("allowOrigin", "is deprecated: use allowOrigins");
        }
        Duration age = IstioFields.durationOrZero(fields, "maxAge");
        Preflights preflights = fields.choice("unmatchedPreflights", Preflights.class);
        Cors cors = new Cors(
                origins,
                values(fields, "allowMethods"),
                values(fields, "allowHeaders"),
                values(fields, "exposeHeaders"),
                age,
                fields.flag("allowCredentials"),
                preflights != Preflights.IGNORE);
        fields.finish();
        return cors;
    }

    private static boolean isAny(StringMatch match) {
        return match instanceof StringMatch.Exact exact && exact.text().equals("*");
    }

    private static List<String> values(Fields fields, String name) {
        return fields.texts(name).stream().map(Fields.Text::value).toList();
    }
}
