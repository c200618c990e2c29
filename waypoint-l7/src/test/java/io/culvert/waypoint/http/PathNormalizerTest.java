package io.culvert.waypoint.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathNormalizerTest {
    @ParameterizedTest(name = "{0} becomes {1}, {2} and {3}")
    @CsvSource({
        "/, /, /, /",
        "/a/b?q=/../%zz\\, /a/b?q=/../%zz\\, /a/b?q=/../%zz\\, /a/b?q=/../%zz\\",
        "/%61%2D%7e, /a-~, /a-~, /a-~",
        "/a/./b/../c, /a/c, /a/c, /a/c",
        "/a/%2e%2E/b, /b, /b, /b",
        "/a/.%2e/b, /b, /b, /b",
        "/.., /, /, /",
        "/../../etc, /etc, /etc, /etc",
        "/a/., /a/, /a/, /a/",
        "/a/.., /, /, /",
        "/a/..?x, /?x, /?x, /?x",
        "/a/...b/.c, /a/...b/.c, /a/...b/.c, /a/...b/.c",
        "/a\\..\\b, /b, /b, /b",
        "//a///b//, //a///b//, /a/b/, /a/b/",
        "/a//../b, /a/b, /a/b, /a/b",
        "/a%2Fb, /a%2Fb, /a%2Fb, /a/b",
        "/a%2f..%5Cb, /a%2f..%5Cb, /a%2f..%5Cb, /b",
        "/a%2f%2Fb, /a%2f%2Fb, /a%2f%2Fb, /a/b",
        "/100%25, /100%25, /100%25, /100%25",
        "/%252e%252e/b, /%252e%252e/b, /%252e%252e/b, /%252e%252e/b",
        "/<a>|^`{}?<|>, /%3Ca%3E%7C%5E%60%7B%7D?<|>, /%3Ca%3E%7C%5E%60%7B%7D?<|>, /%3Ca%3E%7C%5E%60%7B%7D?<|>",
    })
    void paths_become_what_Istio_says_and_stay_so(String path, String base, String merged, String decoded) {
        assertThat(PathNormalizer.NONE.normalize(path)).isEqualTo(path);
        assertThat(PathNormalizer.BASE.normalize(path)).isEqualTo(base);
        assertThat(PathNormalizer.MERGE_SLASHES.normalize(path)).isEqualTo(merged);
        assertThat(PathNormalizer.DECODE_AND_MERGE_SLASHES.normalize(path)).isEqualTo(decoded);
        assertThat(PathNormalizer.BASE.normalize(base)).isEqualTo(base);
        assertThat(PathNormalizer.MERGE_SLASHES.normalize(merged)).isEqualTo(merged);
        assertThat(PathNormalizer.DECODE_AND_MERGE_SLASHES.normalize(decoded)).isEqualTo(decoded);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "/%",
                "/%2",
                "/%2%65",
                "/%zz",
                "/%0",
                "/%00",
                "/%+1",
                "/a b",
                "/a#b",
                "/a?b#c",
                "/\u0001",
                "/\u007f",
                "/\n",
                "/\u0080",
                "/a?\u00ff",
                "/\u00c3\u00bc",
                "/\u0100"
            })
    void what_could_be_read_in_two_ways_is_malformed(String path) {
        assertThat(PathNormalizer.BASE.normalize(path)).isNull();
        assertThat(PathNormalizer.DECODE_AND_MERGE_SLASHES.normalize(path)).isNull();
    }
}
