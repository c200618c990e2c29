package io.culvert.config;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** A label selector: every label and every expression must hold; an empty one selects everything. Immutable. */
record Selector(Map<String, String> labels, List<Expression> expressions) {
    /** One of matchExpressions. */
    record Expression(String key, Operator operator, Set<String> values) {
        boolean matches(Map<String, String> labels) {
            String value = labels.get(key);
            return switch (operator) {
                case In -> value != null && values.contains(value);
                case NotIn -> value == null || !values.contains(value);
                case Exists -> value != null;
                case DoesNotExist -> value == null;
            };
        }
    }

    /** Named as they are written. */
    enum Operator {
        In,
        NotIn,
        Exists,
        DoesNotExist
    }

    Selector {
        labels = Map.copyOf(labels);
        expressions = List.copyOf(expressions);
    }

    static Selector ofLabels(Map<String, String> labels) {
        return new Selector(labels, List.of());
    }

    boolean isEmpty() {
        return labels.isEmpty() && expressions.isEmpty();
    }

    boolean matches(Map<String, String> candidate) {
        for (Map.Entry<String, String> label : labels.entrySet()) {
            if (!label.getValue().equals(candidate.get(label.getKey()))) {
                return false;
            }
        }
        for (Expression expression : expressions) {
            if (!expression.matches(candidate)) {
                return false;
            }
        }
        return true;
    }
}
