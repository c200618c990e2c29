package io.culvert.agent;

import io.culvert.core.lifecycle.Component;

/** A part that is no {@link Component} itself, as one. */
record Part(String name, Starter starter, Runnable closer) implements Component {
    /** What brings the part up. */
    interface Starter {
        void start() throws Exception;
    }

    @Override
    public void start() throws Exception {
        starter.start();
    }

    @Override
    public void close() {
        closer.run();
    }
}
