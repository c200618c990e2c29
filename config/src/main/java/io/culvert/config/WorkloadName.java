package io.culvert.config;

import io.culvert.proto.workload.WorkloadType;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** By which names telemetry knows a pod: those of its owner and of its labels, as Istio derives them. Immutable. */
record WorkloadName(WorkloadType type, String name, String canonicalName, String canonicalRevision) {
    // A CronJob names its Jobs by the minute.
    private static final Pattern CRON_JOB = Pattern.compile("(.+)-[0-9]{8,10}");

    static WorkloadName of(Meta meta) {
        WorkloadType type = WorkloadType.POD;
        String name = meta.name();
        for (Meta.Owner owner : meta.owners()) {
            if (!owner.controller()) {
                continue;
            }
            switch (owner.kind()) {
                case "ReplicaSet" -> {
                    type = WorkloadType.DEPLOYMENT;
                    String suffix = "-" + meta.labels().getOrDefault("pod-template-hash", "");
                    name = suffix.length() > 1 && owner.name().endsWith(suffix)
                            ? owner.name().substring(0, owner.name().length() - suffix.length())
                            : owner.name();
                }
                case "Deployment" -> {
                    type = WorkloadType.DEPLOYMENT;
                    name = owner.name();
                }
                case "Job" -> {
                    Matcher cron = CRON_JOB.matcher(owner.name());
                    type = cron.matches() ? WorkloadType.CRONJOB : WorkloadType.JOB;
                    name = cron.matches() ? cron.group(1) : owner.name();
                }
                default -> {}
            }
        }
        Map<String, String> labels = meta.labels();
        return new WorkloadName(
                type,
                name,
                first(labels, name, "service.istio.io/canonical-name", "app.kubernetes.io/name", "app"),
                first(labels, "latest", "service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"));
    }

    private static String first(Map<String, String> labels, String absent, String... keys) {
        for (String key : keys) {
            String value = labels.getOrDefault(key, "");
            if (!value.isEmpty()) {
                return value;
            }
        }
        return absent;
    }
}
