package io.culvert.agent;

/** Which build this is: the manifest of the jar says it. */
final class Version {
    private Version() {}

    static String text() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
