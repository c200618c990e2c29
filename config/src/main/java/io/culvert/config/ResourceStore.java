package io.culvert.config;

import io.culvert.config.ReadResult.Entry;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Files in, the resource that counts for each key out. Where several documents claim one key the first to come stays;
 * where a document turns bad its last good version stays. Owned by: the compiler's thread.
 */
final class ResourceStore {
    /** Longest file, in characters. */
    static final int MAX_FILE = 64 << 20;

    private final Map<String, FileState> files = new HashMap<>();
    private final Map<ResourceKey, Claims> claims = new HashMap<>();
    private final String rootNamespace;
    private final DiagnosticBook book;
    private final Counters counters;
    private final WaypointDocuments documents = new WaypointDocuments();
    private final Map<ResourceKey, Change> changes = new LinkedHashMap<>();
    private final Set<ResourceKey> refused = new TreeSet<>();

    ResourceStore(String rootNamespace, DiagnosticBook book, Counters counters) {
        this.rootNamespace = rootNamespace;
        this.book = book;
        this.counters = counters;
    }

    /** What counted for a key before a batch and what counts after it; never equal. */
    record Change(@Nullable Resource before, @Nullable Resource after) {}

    private record FileState(String text, Map<DocumentSplitter.Chunk, ReadResult> documents, List<Claims.Id> ids) {}

    /** Takes the new text of a file, or null when it is gone. */
    void update(String file, @Nullable String text) {
        FileState before = files.get(file);
        if (before != null && before.text().equals(text)) {
            return;
        }
        FileContent content = text == null
                ? FileContent.EMPTY
                : FileContent.read(file, text, before == null ? Map.of() : before.documents(), counters);
        if (text == null) {
            files.remove(file);
        }
        documents.update(file, content);
        Map<Claims.Id, Entry> entries = content.entries(file);
        if (before != null) {
            dropStandIns(entries, before);
            for (Claims.Id old : before.ids()) {
                if (!entries.containsKey(old)) {
                    drop(old, content.unidentified());
                }
            }
        }
        entries.forEach((id, entry) -> claim(id, claims -> claims.put(id, entry)));
        if (text != null) {
            files.put(file, new FileState(text, content.documents(), ids(entries, before, content.unidentified())));
        }
        book.put(file, content.diagnostics());
    }

    // What can no longer be named may well be what the file had before, and that is held: nothing else need be closed.
    private void dropStandIns(Map<Claims.Id, Entry> entries, FileState before) {
        Set<Kind> held = EnumSet.noneOf(Kind.class);
        for (Claims.Id old : before.ids()) {
            Claims own = claims.get(old.key());
            if (!entries.containsKey(old) && own != null && own.wasGood(old)) {
                held.add(old.key().kind());
            }
        }
        entries.values()
                .removeIf(entry -> entry.nameless() && held.contains(entry.key().kind()));
    }

    // What is held for a document that cannot be named still belongs to the file, and goes with it.
    private List<Claims.Id> ids(Map<Claims.Id, Entry> entries, @Nullable FileState before, boolean held) {
        LinkedHashMap<Claims.Id, Boolean> ids = new LinkedHashMap<>();
        entries.keySet().forEach(id -> ids.put(id, true));
        if (before != null && held) {
            before.ids().forEach(id -> {
                Claims own = claims.get(id.key());
                if (own != null && own.contains(id)) {
                    ids.put(id, true);
                }
            });
        }
        return List.copyOf(ids.keySet());
    }

    private void drop(Claims.Id id, boolean hold) {
        claim(id, claims -> {
            if (hold) {
                claims.hold(id);
            } else {
                claims.remove(id);
            }
        });
    }

    private void claim(Claims.Id id, Consumer<Claims> action) {
        Claims own = claims.computeIfAbsent(id.key(), key -> new Claims(key, rootNamespace));
        Resource before = own.effective();
        action.accept(own);
        Resource after = own.effective();
        book.put(id.key(), own.diagnostics());
        if (own.isRefused()) {
            refused.add(id.key());
        } else {
            refused.remove(id.key());
        }
        if (own.isEmpty()) {
            claims.remove(id.key());
        }
        if (!Objects.equals(before, after)) {
            Change earlier = changes.remove(id.key());
            Resource first = earlier == null ? before : earlier.before();
            if (!Objects.equals(first, after)) {
                changes.put(id.key(), new Change(first, after));
            }
        }
    }

    /** What waypoints are sent. */
    WaypointDocuments documents() {
        return documents;
    }

    /** What changed since the last call, in the order in which it came. */
    Map<ResourceKey, Change> takeChanges() {
        Map<ResourceKey, Change> taken = new LinkedHashMap<>(changes);
        changes.clear();
        return taken;
    }

    /** Resources whose present text is refused; not to be kept, as it changes. */
    Set<ResourceKey> refused() {
        return refused;
    }

    /** Everything that counts now. */
    Map<ResourceKey, Resource> snapshot() {
        Map<ResourceKey, Resource> all = new LinkedHashMap<>();
        claims.forEach((key, own) -> {
            Resource resource = own.effective();
            if (resource != null) {
                all.put(key, resource);
            }
        });
        return all;
    }
}
