package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import io.culvert.lab.Poll;

/** What reached the apps of cart.yaml, by their own logs: the other end's count of what a client was answered. */
final class AppLog {
    private AppLog() {}

    /** A path that no request had before. */
    static String freshPath(String what) {
        return "/" + what + "-" + Long.toHexString(System.nanoTime());
    }

    /** How many requests below {@code path} the app in {@code pod} answered with {@code status}. */
    static int count(LabPod pod, String path, int status) {
        return Integer.parseInt(pod.sh("grep -c '^" + path + "/[0-9]* " + status + "$' /tmp/access.log || true")
                .orThrow());
    }

    /** Waits until these are {@code expected}, since an app logs after it answers; more of them is a failure. */
    static void expect(DemoCluster cluster, LabPod pod, String path, int status, int expected) {
        String what = pod.name() + " has not logged " + expected + " requests below " + path + " with " + status;
        int logged = Poll.until(cluster.effect(), what, () -> {
            int now = count(pod, path, status);
            return now >= expected ? now : null;
        });
        CheckFailure.unless(
                logged == expected,
                pod.name() + " logged " + logged + " requests below " + path + " with " + status + ", not " + expected);
    }
}
