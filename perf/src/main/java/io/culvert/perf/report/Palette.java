package io.culvert.perf.report;

import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Series;
import java.awt.Color;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One colour per variant for the whole report, so that a peer looks the same in every chart: grey and dashed for direct,
 * the first for Culvert, whose own variants have it with dashes. Neighbours in the order stay apart under the common
 * colour vision deficiencies; an eighth peer starts over with dashes, and every line is also labelled. Immutable.
 */
final class Palette {
    /** Culvert's, then the peers'; page.css has the same ones a little darker for text, and others for a dark page. */
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

    /** A colour's number, or -1 for direct's grey, and the dashes of the line. */
    private record Look(int colour, String dashes) {}

    private static final Look DIRECT = new Look(-1, "5 4");

    private final Map<String, Look> looks = new HashMap<>();

    Palette(BenchRun run) {
        looks.put("culvert", new Look(0, ""));
        looks.put(Group.DIRECT, DIRECT);
        int own = 0;
        int peers = 0;
        for (Series s : run.series()) {
            if (looks.containsKey(s.variant())) {
                continue;
            }
            if (s.variant().startsWith("culvert-")) {
                own++;
                looks.put(s.variant(), new Look(0, DASHES[own % DASHES.length]));
            } else {
                int others = COLOURS.size() - 1;
                looks.put(s.variant(), new Look(1 + peers % others, DASHES[peers / others % DASHES.length]));
                peers++;
            }
        }
    }

    /** The style class of {@code variant}'s colour in page.css. */
    String style(String variant) {
        int colour = look(variant).colour;
        return colour < 0 ? "c-direct" : "c" + colour;
    }

    /** The dash pattern of {@code variant}'s line, "" for a solid one. */
    String dashes(String variant) {
        return look(variant).dashes;
    }

    /** The colour of {@code variant} on white. */
    Color colour(String variant) {
        int colour = look(variant).colour;
        return colour < 0 ? GREY : COLOURS.get(colour);
    }

    private Look look(String variant) {
        return looks.getOrDefault(variant, DIRECT);
    }
}
