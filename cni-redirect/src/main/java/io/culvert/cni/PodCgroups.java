package io.culvert.cni;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the cgroup that kubelet made for a pod, by its uid, before the pod's first process runs: kubepods[.slice], then
 * up to two levels of quality-of-service classes, then "pod UID" with the uid's dashes as they are or as underscores.
 * Any thread.
 */
final class PodCgroups {
    private static final Logger LOG = LoggerFactory.getLogger(PodCgroups.class);
    private static final int DEPTH = 4;

    private final @Nullable Path mount;
    private final Path sysfs;
    private final String own;

    /**
     * @param mount root of the unified hierarchy, null when there is none
     * @param sysfs what nft takes names to be below: /sys/fs/cgroup
     * @param own the agent's own cgroup, "/a/b"
     */
    PodCgroups(@Nullable Path mount, Path sysfs, String own) {
        this.mount = mount;
        this.sysfs = sysfs;
        this.own = own;
    }

    /** Of this host, from /proc/self. */
    static PodCgroups ofHost() {
        try {
            String own = "/";
            for (String line : Files.readAllLines(Path.of("/proc/self/cgroup"))) {
                if (line.startsWith("0::")) {
                    own = line.substring(3);
                }
            }
            for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
                // "36 35 98:0 ROOT MOUNTPOINT options - TYPE source options"
                if (line.contains(" - cgroup2 ")) {
                    Path mount = Path.of(line.split(" ", -1)[4]);
                    if (mount.startsWith("/sys/fs/cgroup")) {
                        return new PodCgroups(mount, Path.of("/sys/fs/cgroup"), own);
                    }
                }
            }
        } catch (IOException e) {
            LOG.warn("cannot read how cgroups are mounted: {}", e.getMessage());
        }
        return new PodCgroups(null, Path.of("/sys/fs/cgroup"), "/");
    }

    /** Root of the unified hierarchy. */
    Path mount() {
        if (mount == null) {
            throw new IllegalStateException("this host mounts no unified cgroup hierarchy below /sys/fs/cgroup");
        }
        return mount;
    }

    /** The pod's cgroup, or null: no unified hierarchy, no uid, not made by kubelet's names, or the agent is inside. */
    @Nullable
    PodCgroup find(String podUid) {
        if (mount == null || podUid.isEmpty()) {
            return null;
        }
        Path found = search(mount, podUid, 1);
        if (found == null) {
            return null;
        }
        String path = mount.relativize(found).toString();
        if ((own + "/").startsWith("/" + path + "/")) {
            // It would capture the proxy.
            return null;
        }
        try {
            return new PodCgroup(sysfs.relativize(found).toString(), path);
        } catch (IllegalArgumentException e) {
            LOG.warn("cannot match the cgroup of pod {}: {}", podUid, e.getMessage());
            return null;
        }
    }

    private static @Nullable Path search(Path directory, String podUid, int depth) {
        // Only kubelet's own branch is walked: a host has thousands of other cgroups.
        String glob = depth == 1 ? "kube*" : "{kube*,burstable,besteffort,pod*}";
        try (DirectoryStream<Path> children = Files.newDirectoryStream(directory, glob)) {
            for (Path child : children) {
                String name = child.getFileName().toString();
                if (name.equals("pod" + podUid) || name.endsWith("-pod" + podUid.replace('-', '_') + ".slice")) {
                    return child;
                }
                Path deeper = depth < DEPTH && Files.isDirectory(child) ? search(child, podUid, depth + 1) : null;
                if (deeper != null) {
                    return deeper;
                }
            }
            return null;
        } catch (IOException e) {
            return null; // Gone while we looked.
        }
    }
}
