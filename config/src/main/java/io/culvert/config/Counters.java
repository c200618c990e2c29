package io.culvert.config;

/** How much work was done; tests hold the compiler to it. Owned by: the compiler's thread. */
final class Counters {
    long documentsRead;
    long podsCompiled;
    long servicesCompiled;
    long slicesCompiled;
    long policiesCompiled;
    long routesCompiled;
    long clustersCompiled;
    long routedServicesCompiled;
}
