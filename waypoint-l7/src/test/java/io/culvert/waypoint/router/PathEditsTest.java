package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import io.culvert.core.route.PathChange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathEditsTest {
    /** The table of the Gateway API's ReplacePrefixMatch, and queries. */
    @ParameterizedTest(name = "{0}: {1} by {2} is {3}")
    @CsvSource({
        "/foo/bar, /foo, /xyz, /xyz/bar",
        "/foo/bar, /foo, /xyz/, /xyz/bar",
        "/foo/bar, /foo/, /xyz, /xyz/bar",
        "/foo/bar, /foo/, /xyz/, /xyz/bar",
        "/foo, /foo, /xyz, /xyz",
        "/foo/, /foo, /xyz, /xyz/",
        "/foo/bar, /foo, '', /bar",
        "/foo/, /foo, '', /",
        "/foo, /foo, '', /",
        "/foo/, /foo, /, /",
        "/foo, /foo, /, /",
        "/foo/bar, /foo, /, /bar",
        "/foo, /, /xyz, /xyz/foo",
        "/foo?a=/foo, /foo, /xyz, /xyz?a=/foo",
        "/foo?, /foo, /, /?",
    })
    void aPrefixOfSegmentsIsReplaced(String path, String matched, String replacement, String expected) {
        assertThat(PathEdits.apply(new PathChange.Prefix(matched, replacement, true), path))
                .isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0}: {1} by {2} is {3}")
    @CsvSource({
        "/v1/x, /v1, /v2, /v2/x",
        "/v1x, /v1, /v2, /v2x",
        "/v1/x, /v1, /, /x",
        "/v1/x, /v1/, /, /x",
        "/v1/x, /v1/, /v2/, /v2/x",
        "/v1, /v1, /, /",
        "/V1/x, /v1, /v2, /v2/x",
        "/v1/x?q, /v1, '', /x?q",
        "/v1x, /v1, '', /x",
    })
    void aPrefixOfTextIsReplacedWithoutADoubleSlash(String path, String matched, String replacement, String expected) {
        assertThat(PathEdits.apply(new PathChange.Prefix(matched, replacement, false), path))
                .isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} becomes {1}: {2}")
    @CsvSource({"/a/b?q=1, /new, /new?q=1", "/a, /new?x=1, /new?x=1", "/a?q, /new?x=1, /new?x=1", "/a, new, /new"})
    void theWholePathIsReplaced(String path, String full, String expected) {
        assertThat(PathEdits.apply(new PathChange.Full(full), path)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0}: {1} by {2} is {3}")
    @CsvSource({
        "/service/foo/v1, ^/service/([^/]+)(/.*)$, \\2/instance/\\1, /v1/instance/foo",
        "/xxx/one/yyy/one/zzz, one, two, /xxx/two/yyy/two/zzz",
        "/a/b, /(b)?$, /\\1\\\\, /a/b\\",
        "/none, one$x, two, /none",
        "/a?b=a, a, c, /c?b=a",
        "/a, (a)(x)?, [\\1\\2\\9], /[a]",
    })
    void matchesOfAnExpressionAreReplaced(String path, String pattern, String substitution, String expected) {
        assertThat(PathEdits.apply(new PathChange.Regex(Pattern.compile(pattern), substitution), path))
                .isEqualTo(expected);
    }
}
