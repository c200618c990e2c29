package io.culvert.config;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads label selectors and checks labels. */
final class SelectorReader {
    private SelectorReader() {}

    /** A LabelSelector: matchLabels and matchExpressions. */
    static Selector read(Fields selector) {
        Map<String, String> labels = labels(selector, "matchLabels");
        List<Selector.Expression> expressions = new ArrayList<>();
        for (Fields expression : selector.objects("matchExpressions")) {
            String key = expression.text("key", "");
            Selector.Operator operator = expression.choice("operator", Selector.Operator.class);
            Set<String> values = new LinkedHashSet<>();
            expression.texts("values").forEach(text -> values.add(text.value()));
            expression.finish();
            if (!NameGrammar.isLabelKey(key)) {
                expression.error("key", notAKey(key));
            } else if (operator == null) {
                if (!expression.has("operator")) {
                    expression.error("operator", "is missing: use In, NotIn, Exists or DoesNotExist");
                }
            } else {
                expressions.add(new Selector.Expression(key, operator, Set.copyOf(values)));
            }
        }
        selector.finish();
        return new Selector(labels, expressions);
    }

    /** A field that holds labels; errors for keys and values that no label can have. */
    static Map<String, String> labels(Fields parent, String name) {
        Fields fields = parent.object(name);
        if (fields == null) {
            return Map.of();
        }
        Map<String, String> labels = fields.asTexts();
        labels.forEach((key, value) -> {
            if (!NameGrammar.isLabelKey(key)) {
                fields.error(key, notAKey(key));
            } else if (!NameGrammar.isLabelValue(value)) {
                String hint = value.contains("*") ? " (wildcards are not supported)" : "";
                fields.error(
                        key,
                        "\"" + value + "\" is no label value: use letters, digits, '-', '_' and '.', at most 63"
                                + hint);
            }
        });
        return Map.copyOf(labels);
    }

    private static String notAKey(String key) {
        return "\"" + key + "\" is no label key: use [prefix/]name with letters, digits, '-', '_' and '.', at most 63";
    }
}
