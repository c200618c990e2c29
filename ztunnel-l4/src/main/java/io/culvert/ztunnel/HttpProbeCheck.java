package io.culvert.ztunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A kubelet HTTP probe: one {@code GET <declared path> HTTP/1.1} without a body, in origin form, byte for byte the declared
 * path with its query, and nothing after it. Strict where servers are lenient: whatever could be read as a second request,
 * another path, a body or an upgrade is no probe.
 */
final class HttpProbeCheck implements ProbeCheck {
    static final int MAX_HEAD = 8 << 10;

    // They change what is asked for, carry a body, or turn the connection into something else.
    private static final Set<String> FORBIDDEN = Set.of(
            "transfer-encoding",
            "content-length",
            "trailer",
            "te",
            "upgrade",
            "http2-settings",
            "expect",
            "proxy-connection",
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x-original-url",
            "x-original-uri",
            "x-rewrite-url",
            "x-forwarded-uri",
            "x-forwarded-prefix");

    private final Set<String> paths;
    private ByteBuf head = Unpooled.buffer(512, MAX_HEAD + 1);
    private boolean complete;
    private boolean handed;
    private String why = "";

    HttpProbeCheck(Set<String> paths) {
        this.paths = paths;
    }

    @Override
    public Verdict feed(ByteBuf data) {
        if (complete) {
            return data.isReadable() ? other("bytes follow the request") : Verdict.MORE;
        }
        int room = MAX_HEAD + 1 - head.readableBytes();
        if (data.readableBytes() > room) {
            return other("the request's head is longer than " + MAX_HEAD + " bytes");
        }
        int from = Math.max(0, head.readableBytes() - 3);
        head.writeBytes(data, data.readerIndex(), data.readableBytes());
        int end = endOfHead(from);
        if (end < 0) {
            return head.readableBytes() > MAX_HEAD
                    ? other("the request's head is longer than " + MAX_HEAD + " bytes")
                    : Verdict.MORE;
        }
        if (end != head.readableBytes()) {
            return other("bytes follow the request");
        }
        String fault = judge(head.toString(StandardCharsets.ISO_8859_1));
        if (fault != null) {
            return other(fault);
        }
        complete = true;
        return Verdict.PROBE;
    }

    private int endOfHead(int from) {
        for (int i = from; i + 3 < head.readableBytes(); i++) {
            if (head.getByte(i) == '\r'
                    && head.getByte(i + 1) == '\n'
                    && head.getByte(i + 2) == '\r'
                    && head.getByte(i + 3) == '\n') {
                return i + 4;
            }
        }
        return -1;
    }

    /** What is wrong with a head that ends with an empty line, or null. */
    private @Nullable String judge(String text) {
        int line = text.indexOf("\r\n");
        String request = text.substring(0, line);
        if (!request.startsWith("GET ") || !request.endsWith(" HTTP/1.1")) {
            return "not a GET of HTTP/1.1";
        }
        if (request.length() < "GET / HTTP/1.1".length()) {
            return "no path";
        }
        String path = request.substring(4, request.length() - " HTTP/1.1".length());
        if (!paths.contains(path)) {
            return "path " + shown(path) + " is not declared as a probe";
        }
        boolean host = false;
        int at = line + 2;
        while (at < text.length() - 2) {
            int next = text.indexOf("\r\n", at);
            String field = text.substring(at, next);
            at = next + 2;
            int colon = field.indexOf(':');
            String fault = judgeField(field, colon);
            if (fault != null) {
                return fault;
            }
            boolean isHost = field.substring(0, colon).equalsIgnoreCase("host");
            if (isHost && host) {
                return "two Host fields";
            }
            host |= isHost;
        }
        return host ? null : "no Host field";
    }

    private static @Nullable String judgeField(String field, int colon) {
        if (colon <= 0) {
            // A line that starts with white space is a folded one (RFC 9112, section 5.2).
            return "a header line without a name";
        }
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            boolean bad = i < colon ? !isTokenChar(c) : c != '\t' && (c < ' ' || c == 0x7f);
            if (bad) {
                return "a header line with forbidden characters";
            }
        }
        String name = field.substring(0, colon).toLowerCase(Locale.ROOT);
        if (FORBIDDEN.contains(name)) {
            return "header " + name;
        }
        if (name.equals("connection")) {
            String value = field.substring(colon + 1).trim().toLowerCase(Locale.ROOT);
            return value.equals("close") || value.equals("keep-alive") ? null : "header connection: " + shown(value);
        }
        return null;
    }

    private static boolean isTokenChar(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    private static String shown(String text) {
        String part = text.length() > 64 ? text.substring(0, 64) + "..." : text;
        return new AsciiString(part).toString().replaceAll("[^ -~]", "?");
    }

    private Verdict other(String reason) {
        why = reason;
        return Verdict.OTHER;
    }

    @Override
    public @Nullable ByteBuf passed() {
        if (!complete || handed) {
            return null;
        }
        handed = true;
        ByteBuf all = head;
        head = Unpooled.EMPTY_BUFFER;
        return all;
    }

    @Override
    public boolean complete() {
        return complete;
    }

    @Override
    public String why() {
        return why;
    }

    @Override
    public void close() {
        head.release();
        head = Unpooled.EMPTY_BUFFER;
    }
}
