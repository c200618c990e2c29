package io.culvert.core.route;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LiteralPrefixTest {
    private static final String[] PIECES = {
        "/", "a", "b", "ab", "\\.", "\\d", "[ab]", "(a|b)", "(?:a)", "|", "*", "+", "?", "{0,2}", ".", "^", "$", "(?i)",
        "\\Qa\\E", "\\pL"
    };

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            quoteCharacter = '\'',
            delimiter = ' ',
            value = {
                "/api/v1/things/[a-z]+ /api/v1/things/",
                "/api/v1 /api/v1",
                "/a\\.b/.* /a.b/",
                "/ab*/c /a",
                "/ab?c /a",
                "/ab{0}c /a",
                "/ab+ /ab",
                "/a(b|c) /a",
                "/a/[b|c] ''",
                "/a|/b ''",
                "(?i)/a ''",
                "^/a ''",
                ".* ''",
                "/\\d+ /",
                "\\Q/a|\\E ''"
            })
    void isReadOffTheExpression(String regex, String prefix) {
        assertThat(LiteralPrefix.of(Pattern.compile(regex))).isEqualTo(prefix);
    }

    @Test
    void knowsNothingOfExpressionsWithFlags() {
        assertThat(LiteralPrefix.of(Pattern.compile("/a", Pattern.CASE_INSENSITIVE)))
                .isEmpty();
    }

    @Test
    void whateverAnExpressionTakesBeginsWithIt() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int taken = 0;
        for (int round = 0; round < 20_000; round++) {
            StringBuilder regex = new StringBuilder();
            for (int i = random.nextInt(6); i >= 0; i--) {
                regex.append(PIECES[random.nextInt(PIECES.length)]);
            }
            Pattern pattern;
            try {
                pattern = Pattern.compile(regex.toString());
            } catch (com.google.re2j.PatternSyntaxException e) {
                continue;
            }
            String prefix = LiteralPrefix.of(pattern);
            for (int i = 0; i < 20; i++) {
                StringBuilder text = new StringBuilder();
                for (int n = random.nextInt(5); n > 0; n--) {
                    text.append("/ab.A1".charAt(random.nextInt(6)));
                }
                if (pattern.matches(text.toString())) {
                    taken++;
                    assertThat(text.toString()).as("seed %s, %s", seed, regex).startsWith(prefix);
                }
            }
        }
        assertThat(taken).as("seed %s", seed).isGreaterThan(1_000);
    }
}
