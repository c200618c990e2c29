package io.culvert.cni;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/** Sets of TCP ports. */
final class Ports {
    private Ports() {}

    /** An immutable sorted copy. @throws IllegalArgumentException naming a number that is no port */
    static SortedSet<Integer> checked(Collection<Integer> ports) {
        for (int port : ports) {
            if (port < 1 || port > 65535) {
                throw new IllegalArgumentException("port " + port + " is not between 1 and 65535");
            }
        }
        return Collections.unmodifiableSortedSet(new TreeSet<>(ports));
    }
}
