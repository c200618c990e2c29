package io.culvert.perf.scale;

import java.util.List;

/**
 * How large the mesh is and what happens in it.
 *
 * @param changes single changes after all is applied
 * @param perSecond how many of them a second
 */
record MeshSize(int workloads, int services, int policies, int changes, int perSecond) {
    static final MeshSize DEFAULT = new MeshSize(100_000, 5_000, 10_000, 2_000, 100);

    MeshSize {
        if (workloads < 1 || services < 1 || policies < 1 || changes < 1 || perSecond < 1) {
            throw new IllegalArgumentException(
                    "sizes of the mesh are at least 1: workloads " + workloads + ", services " + services
                            + ", policies " + policies + ", changes " + changes + ", per second " + perSecond);
        }
    }

    /** From five numbers in the order of the record, as {@link #arguments} writes them; fewer keep the defaults. */
    static MeshSize parse(List<String> numbers) {
        MeshSize d = DEFAULT;
        int[] n = {d.workloads, d.services, d.policies, d.changes, d.perSecond};
        for (int i = 0; i < n.length && i < numbers.size(); i++) {
            n[i] = Integer.parseInt(numbers.get(i));
        }
        return new MeshSize(n[0], n[1], n[2], n[3], n[4]);
    }

    List<String> arguments() {
        return List.of(
                Integer.toString(workloads),
                Integer.toString(services),
                Integer.toString(policies),
                Integer.toString(changes),
                Integer.toString(perSecond));
    }
}
