package io.culvert.core.lifecycle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Ready when every named gate is passed. A gate is either opened and shut by its owner or asked each time. Any thread.
 */
public final class Readiness {
    /** One condition; owned by whoever asked for it, who may shut it again. */
    public static final class Gate {
        private volatile boolean passed;

        private Gate() {}

        public void pass() {
            passed = true;
        }

        public void block() {
            passed = false;
        }
    }

    private final Map<String, BooleanSupplier> gates = new LinkedHashMap<>();

    /** Adds a gate that is shut until its owner passes it. */
    public Gate gate(String name) {
        Gate gate = new Gate();
        gate(name, () -> gate.passed);
        return gate;
    }

    /** Adds a gate that asks {@code passed} at each probe; it must not block. */
    public void gate(String name, BooleanSupplier passed) {
        synchronized (gates) {
            if (gates.putIfAbsent(name, passed) != null) {
                throw new IllegalArgumentException("gate " + name + " exists already");
            }
        }
    }

    /** Names of the gates that are not passed, in the order in which they were added; empty means ready. */
    public List<String> pending() {
        Map<String, BooleanSupplier> asked;
        synchronized (gates) {
            asked = new LinkedHashMap<>(gates);
        }
        List<String> pending = new ArrayList<>();
        asked.forEach((name, passed) -> {
            if (!passed.getAsBoolean()) {
                pending.add(name);
            }
        });
        return pending;
    }

    public boolean isReady() {
        return pending().isEmpty();
    }
}
