package io.culvert.perf.suite;

import io.culvert.perf.result.Series;
import java.io.IOException;
import java.util.List;

/** A suite beside the plain one: makes the cluster that it needs, and takes it down again. One thread. */
interface Suite {
    /** What it is called on the command line and in reports. */
    String name();

    /** Measures everything of it; the series bear its name. */
    List<Series> measure(Session session) throws IOException;
}
