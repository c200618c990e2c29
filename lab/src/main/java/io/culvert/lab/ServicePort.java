package io.culvert.lab;

import java.util.List;

/** A port of a service with the pods behind it. Immutable. */
record ServicePort(ServiceSpec service, ServiceSpec.Port port, List<Backend> backends) {
    List<Backend> ready(boolean v6) {
        return backends.stream()
                .filter(backend -> backend.ready() && backend.v6() == v6)
                .toList();
    }
}
