package io.culvert.cni;

/** Whether rules or routes of one pod's namespace may have changed. Owned by: the pod's step. */
interface NamespaceChanges extends AutoCloseable {
    /** Of a kernel that tells of nothing: anything may have changed at any time. */
    NamespaceChanges UNKNOWN = new NamespaceChanges() {
        @Override
        public boolean drain() {
            return true;
        }

        @Override
        public void close() {}
    };

    /** Whether something may have changed since the last call, or since the first; does not wait. */
    boolean drain();

    @Override
    void close();
}
