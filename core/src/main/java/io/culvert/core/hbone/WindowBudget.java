package io.culvert.core.hbone;

/**
 * What granted receive windows are charged to: a connection's budget, which draws on its pod's and that on the agent's.
 * A window is charged when it is granted, not when it is filled, so that a promise to buffer can always be kept.
 * Called on the stream's loop.
 */
public interface WindowBudget {
    /** Charges up to {@code wanted} bytes and returns how many were granted, 0 when the budget is used up. */
    int reserve(int wanted);

    /** Gives back {@code bytes} of what was granted. */
    void release(int bytes);

    /** Grants everything, for tests and tools. */
    static WindowBudget unlimited() {
        return Unlimited.INSTANCE;
    }

    /** The budget without a limit. */
    enum Unlimited implements WindowBudget {
        INSTANCE;

        @Override
        public int reserve(int wanted) {
            return wanted;
        }

        @Override
        public void release(int bytes) {}
    }
}
