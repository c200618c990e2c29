package io.culvert.cni;

import java.util.List;

/** The pods of this node as the control plane tells them. Any thread; no call blocks. */
public interface PodDirectory {
    /**
     * The pods of this node that are known now, each uid once. A pod that is missing here is left as it is until CNI
     * or its namespace says that it is gone: absence is no order to un-enrol.
     */
    List<PodSpec> pods();

    /** Calls {@code onChanged} after every change of {@link #pods()}, on any thread; it returns at once. */
    void addListener(Runnable onChanged);
}
