package io.culvert.config;

/** Reads ServiceAccounts. */
final class ServiceAccountReader implements KindReader {
    @Override
    public Resource read(Fields root, Meta meta) {
        root.known("automountServiceAccountToken", "imagePullSecrets", "secrets")
                .finish();
        return new ServiceAccountResource(meta);
    }
}
