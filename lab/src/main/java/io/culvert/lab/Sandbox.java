package io.culvert.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The namespaces of a pod (network, mount, PID, IPC, UTS), held by a process of their own as a pause container holds
 * them, with the pod's /tmp, host names and resolver configuration. Ending that process ends every process of the pod.
 */
final class Sandbox implements AutoCloseable {
    /** Arguments: directory of the pod's files, host name. Bind mounts come first: the directory is hidden later. */
    private static final String INIT = """
            mount --bind "$0/hosts" /etc/hosts
            mount --bind "$0/resolv.conf" /etc/resolv.conf
            hostname "$1"
            mount -t tmpfs -o mode=1777 tmpfs /tmp
            mount -t tmpfs -o mode=1777 tmpfs /dev/shm
            mount -t tmpfs -o mode=755 tmpfs /run/netns
            mount -t tmpfs -o mode=755 tmpfs /run/culvert-lab
            echo ready
            exec >/dev/null 2>&1 </dev/null
            while :; do sleep 86400 & wait $!; done
            """;

    /** What container runtimes grant by default. */
    private static final String CAPABILITIES = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,"
            + "+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap";

    private static final String SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final Process holder;
    private final long init;
    private final String hostname;
    private final Optional<Cgroup> cgroup;

    private Sandbox(Process holder, long init, String hostname, Optional<Cgroup> cgroup) {
        this.holder = holder;
        this.init = init;
        this.hostname = hostname;
        this.cgroup = cgroup;
    }

    /** Makes the namespaces around the existing {@code network}; {@code files} holds hosts and resolv.conf. */
    static Sandbox start(Netns network, Path files, String hostname, Optional<Cgroup> cgroup) {
        List<String> command = network.enter(List.of(
                "unshare",
                "--mount",
                "--pid",
                "--ipc",
                "--uts",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "--propagation",
                "private",
                "sh",
                "-eu",
                "-c",
                INIT,
                files.toString(),
                hostname));
        Path errors = files.resolve("sandbox.err");
        try {
            Process holder = new ProcessBuilder(within(cgroup, command))
                    .redirectError(errors.toFile())
                    .start();
            BufferedReader output =
                    new BufferedReader(new InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8));
            if (!"ready".equals(output.readLine())) {
                throw new LabException("cannot make the namespaces of pod " + hostname + ": "
                        + Files.readString(errors).strip());
            }
            long init = holder.toHandle()
                    .children()
                    .findFirst()
                    .orElseThrow(() -> new LabException("the sandbox of pod " + hostname + " ended at once"))
                    .pid();
            return new Sandbox(holder, init, hostname, cgroup);
        } catch (IOException e) {
            throw new LabException("cannot start the sandbox of pod " + hostname, e);
        }
    }

    /** The process id, outside, of the process that holds the namespaces. */
    long init() {
        return init;
    }

    /** The command line that runs {@code argv} in the pod as the user and with the environment of {@code container}. */
    List<String> enter(ContainerSpec container, List<String> argv) {
        List<String> command = new ArrayList<>(List.of(
                "nsenter",
                "--target",
                Long.toString(init),
                "--net",
                "--mount",
                "--pid",
                "--ipc",
                "--uts",
                "--",
                "setpriv",
                "--reuid=" + container.user(),
                "--regid=" + container.group(),
                "--clear-groups",
                "--bounding-set=" + CAPABILITIES,
                "--inh-caps=-all",
                "env",
                "--ignore-environment",
                "--chdir=" + container.workingDirectory(),
                "PATH=" + SEARCH_PATH,
                "HOME=/tmp",
                "LANG=C.UTF-8",
                "HOSTNAME=" + hostname));
        for (Map.Entry<String, String> variable : container.environment().entrySet()) {
            command.add(variable.getKey() + "=" + variable.getValue());
        }
        command.addAll(argv);
        return within(cgroup, command);
    }

    @Override
    public void close() {
        holder.destroyForcibly();
        cgroup.ifPresent(Cgroup::remove);
        try {
            holder.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        cgroup.ifPresent(Cgroup::remove);
    }

    private static List<String> within(Optional<Cgroup> cgroup, List<String> command) {
        return cgroup.map(group -> group.wrap(command)).orElse(command);
    }
}
