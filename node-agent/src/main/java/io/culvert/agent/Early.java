package io.culvert.agent;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Work that begins before its turn in the start, on a virtual thread of its own: what waits for child processes, or
 * makes cold classes ready, costs the start no time while another core is free. It must change nothing that is to be
 * undone when the result is never asked for. Any thread.
 */
final class Early<T> {
    private final FutureTask<T> task;

    private Early(FutureTask<T> task) {
        this.task = task;
    }

    static <T> Early<T> begin(String name, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofVirtual().name(name).start(task);
        return new Early<>(task);
    }

    /**
     * The result, once it is there.
     *
     * @throws Exception what the work threw, as if it had been done here
     */
    T get() throws Exception {
        try {
            return task.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Exception fault -> throw fault;
                case Error fault -> throw fault;
                case null, default -> throw e;
            }
        }
    }
}
