package io.culvert.perf.load;

/** Told when a round's counted part begins and ends, so that processor time is read for that part. On the load's loop. */
public interface Marks {
    /** Nobody listens. */
    Marks NONE = new Marks() {
        @Override
        public void begin() {}

        @Override
        public void end() {}
    };

    void begin();

    void end();
}
