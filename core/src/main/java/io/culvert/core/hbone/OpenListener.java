package io.culvert.core.hbone;

/** Takes the result of {@link HbonePool#open}. */
@FunctionalInterface
public interface OpenListener {
    /** Called once, on the loop that open was called on, unless the open was cancelled; may run inside open. */
    void onResult(OpenResult result);
}
