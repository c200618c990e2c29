package io.culvert.perf.report;

import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Series;
import java.awt.Color;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One colour per variant for the whole report, so that a peer looks the same in every chart: grey and dashed for direct,
 * the first for Culvert. Neighbours in the order stay apart under the common colour vision deficiencies; a ninth variant
 * starts over with dashes, and every line is also labelled. Immutable.
 */
final class Palette {
    /** How many colours there are beside direct's; page.css has the same ones, and others for a dark page. */
    private static final List<Color> COLOURS = List.of(
            new Color(0x2a78d6),
            new Color(0xeb6834),
            new Color(0x1baf7a),
            new Color(0x4a3aa7),
            new Color(0xeda100),
            new Color(0xe87ba4),
            new Color(0x008300),
            new Color(0xe34948));

    private static final Color GREY = new Color(0x898781);
    private static final String[] DASHES = {"", "7 3", "2 3", "9 3 2 3"};

    private final Map<String, Integer> slots = new HashMap<>();

    Palette(BenchRun run) {
        slots.put("culvert", 0);
        for (Series s : run.series()) {
            if (!s.variant().equals(Group.DIRECT)) {
                slots.putIfAbsent(s.variant(), slots.size());
            }
        }
    }

    /** The style class of {@code variant}'s colour in page.css. */
    String style(String variant) {
        Integer slot = slots.get(variant);
        return slot == null ? "c-direct" : "c" + slot % COLOURS.size();
    }

    /** The dash pattern of {@code variant}'s line, "" for a solid one. */
    String dashes(String variant) {
        Integer slot = slots.get(variant);
        return slot == null ? "5 4" : DASHES[slot / COLOURS.size() % DASHES.length];
    }

    /** The colour of {@code variant} on white. */
    Color colour(String variant) {
        Integer slot = slots.get(variant);
        return slot == null ? GREY : COLOURS.get(slot % COLOURS.size());
    }
}
