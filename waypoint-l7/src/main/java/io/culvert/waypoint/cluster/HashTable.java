package io.culvert.waypoint.cluster;

/** Hashes to hosts so that few hashes move when hosts come and go: slots in a circle. Immutable. */
sealed interface HashTable permits HashRing, MaglevTable {
    /** The slot where a hash belongs. */
    int slot(long hash);

    /** How many slots there are; none only without hosts. */
    int size();

    /** The index of the host that owns a slot. */
    int host(int slot);
}
