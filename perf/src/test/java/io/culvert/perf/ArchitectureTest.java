package io.culvert.perf;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.NullMarked;

/** The arrows of ARCHITECTURE.md: who may import whom. perf sees every module, so the rules stand here. */
@AnalyzeClasses(packages = "io.culvert", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ROOT = "io.culvert.";

    @ArchTest
    static final ArchRule protoImportsNothing = mayImport("proto", List.of());

    @ArchTest
    static final ArchRule identity = mayImport("identity", List.of("proto"));

    @ArchTest
    static final ArchRule core = mayImport("core", List.of("proto", "identity"));

    @ArchTest
    static final ArchRule config = mayImport("config", List.of("proto", "identity", "core"));

    @ArchTest
    static final ArchRule ztunnel = mayImport("ztunnel", List.of("proto", "identity", "core"));

    @ArchTest
    static final ArchRule waypoint = mayImport("waypoint", List.of("proto", "identity", "core"));

    @ArchTest
    static final ArchRule controlPlane = mayImport("controlplane", List.of("proto", "identity", "core", "config"));

    @ArchTest
    static final ArchRule cni = mayImport("cni", List.of("proto", "core.linux", "core.lifecycle", "core.telemetry"));

    @ArchTest
    static final ArchRule agent = mayImport(
            "agent", List.of("proto", "identity", "core", "config", "ztunnel", "waypoint", "controlplane", "cni"));

    @ArchTest
    static final ArchRule lab = mayImport(
            "lab",
            List.of("proto", "identity", "core", "config", "ztunnel", "waypoint", "controlplane", "cni", "agent"));

    @ArchTest
    static final ArchRule linuxStandsAlone = mayImport("core.linux", List.of());

    @ArchTest
    static final ArchRule lifecycleStandsAlone = mayImport("core.lifecycle", List.of());

    @ArchTest
    static final ArchRule telemetry = mayImport("core.telemetry", List.of("core.lifecycle"));

    @ArchTest
    static final ArchRule mesh = mayImport("core.mesh", List.of("proto", "identity"));

    @ArchTest
    static final ArchRule tls = mayImport("core.tls", List.of("identity"));

    @ArchTest
    static final ArchRule hbone =
            mayImport("core.hbone", List.of("identity", "core.linux", "core.tls", "core.telemetry"));

    @ArchTest
    static final ArchRule relay = mayImport(
            "core.relay", List.of("proto", "identity", "core.hbone", "core.linux", "core.mesh", "core.telemetry"));

    @ArchTest
    static final ArchRule identityKnowsNoNetty = noClasses()
            .that()
            .resideInAPackage(ROOT + "identity..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty..");

    @ArchTest
    static final ArchRule configOpensNoSockets = noClasses()
            .that()
            .resideInAPackage(ROOT + "config..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.nio.channels..", "io.netty..", "io.grpc..");

    @ArchTest
    static final ArchRule foreignFunctionsOnlyInLinux = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "core.linux..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign..");

    @ArchTest
    static final ArchRule certificatesAreSignedOnlyInTheController = noClasses()
            .that()
            .resideOutsideOfPackage(ROOT + "controlplane..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bouncycastle..");

    @ArchTest
    static final ArchRule queuesWithoutUnsafe = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.jctools.queues", "org.jctools.queues.atomic..");

    @ArchTest
    static final ArchRule packagesAreNullMarked = classes()
            .that()
            .haveSimpleName("package-info")
            .and()
            .resideOutsideOfPackage(ROOT + "proto..")
            .should()
            .beAnnotatedWith(NullMarked.class);

    private static ArchRule mayImport(String module, List<String> others) {
        String[] allowed = java.util.stream.Stream.concat(java.util.stream.Stream.of(module), others.stream())
                .map(name -> ROOT + name + "..")
                .toArray(String[]::new);
        DescribedPredicate<JavaClass> foreign = DescribedPredicate.describe(
                "stand outside " + Arrays.toString(allowed),
                type -> type.getPackageName().startsWith(ROOT)
                        && Arrays.stream(allowed).noneMatch(pattern -> inPackage(type, pattern)));
        return noClasses()
                .that()
                .resideInAPackage(ROOT + module + "..")
                // Those are perf's, and stand where they can see what they measure.
                .and()
                .haveNameNotMatching(".*Benchmark(\\$.*)?")
                .should()
                .dependOnClassesThat(foreign);
    }

    private static boolean inPackage(JavaClass type, String pattern) {
        String prefix = pattern.substring(0, pattern.length() - 2);
        return type.getPackageName().equals(prefix) || type.getPackageName().startsWith(prefix + ".");
    }
}
