package io.culvert.ztunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A kubelet gRPC probe (grpc.health.v1 Check, prior-knowledge HTTP/2): the preface, one request on stream 1 for the health
 * service with the declared service name, and the control frames that a client needs; every frame is judged before it goes
 * on. grpc-go sends its request only after the server's SETTINGS, so preface and SETTINGS go to the app first.
 */
final class GrpcProbeCheck implements ProbeCheck {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final AsciiString CHECK = AsciiString.cached("/grpc.health.v1.Health/Check");
    private static final int FRAME_HEAD = 9;
    private static final int MAX_FRAME = 8 << 10;
    private static final int MAX_FRAMES = 64;

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int END_STREAM = 0x1;
    private static final int END_HEADERS = 0x4;

    private final Set<String> services;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(true, MAX_FRAME);
    private final ByteBuf in = Unpooled.buffer(256);
    private final ByteBuf message = Unpooled.buffer(64);
    private @Nullable ByteBuf out;
    private boolean preface;
    private boolean settings;
    private boolean headers;
    private boolean finished;
    private int frames;
    private String why = "";

    /** @param services declared names, "" for the server as a whole */
    GrpcProbeCheck(Set<String> services) {
        this.services = services;
    }

    /** Whether the first bytes could be HTTP/2's preface. */
    static boolean looksLikeIt(ByteBuf data) {
        return data.isReadable() && data.getByte(data.readerIndex()) == 'P';
    }

    @Override
    public Verdict feed(ByteBuf data) {
        if (in.readableBytes() + data.readableBytes() > 4 * MAX_FRAME) {
            return other("too many bytes at once");
        }
        in.discardReadBytes();
        in.writeBytes(data, data.readerIndex(), data.readableBytes());
        if (!preface) {
            Verdict verdict = readPreface();
            if (verdict != Verdict.PROBE) {
                return verdict;
            }
        }
        while (in.readableBytes() >= FRAME_HEAD) {
            int length = in.getUnsignedMedium(in.readerIndex());
            if (length > MAX_FRAME) {
                return other("a frame of " + length + " bytes");
            }
            if (in.readableBytes() < FRAME_HEAD + length) {
                break;
            }
            String fault = ++frames > MAX_FRAMES ? "too many frames" : judge(length);
            if (fault != null) {
                return other(fault);
            }
            pass(FRAME_HEAD + length);
        }
        return settings ? Verdict.PROBE : Verdict.MORE;
    }

    private Verdict readPreface() {
        int have = Math.min(in.readableBytes(), PREFACE.length);
        if (!ByteBufUtil.equals(in, in.readerIndex(), Unpooled.wrappedBuffer(PREFACE), 0, have)) {
            return other("not the preface of HTTP/2");
        }
        if (have < PREFACE.length) {
            return Verdict.MORE;
        }
        preface = true;
        pass(PREFACE.length);
        return Verdict.PROBE;
    }

    private void pass(int bytes) {
        if (out == null) {
            out = Unpooled.buffer(256);
        }
        out.writeBytes(in, bytes);
    }

    private @Nullable String judge(int length) {
        int at = in.readerIndex();
        int type = in.getByte(at + 3);
        int flags = in.getByte(at + 4);
        int stream = in.getInt(at + 5) & Integer.MAX_VALUE;
        if (!settings && type != SETTINGS) {
            return "the first frame is not SETTINGS";
        }
        boolean control = stream == 0;
        return switch (type) {
            case SETTINGS -> {
                settings = true;
                boolean fits = control && length % 6 == 0 && length <= 240;
                yield fault(fits, "malformed SETTINGS");
            }
            case PING -> fault(control && length == 8, "malformed PING");
            case GOAWAY -> fault(control && length >= 8 && length <= 1024, "malformed GOAWAY");
            case WINDOW_UPDATE -> fault(length == 4 && (control || stream == 1), "malformed WINDOW_UPDATE");
            case RST_STREAM -> fault(length == 4 && stream == 1 && headers, "malformed RST_STREAM");
            case HEADERS -> judgeHeaders(stream, flags, length);
            case DATA -> judgeData(stream, flags, length);
            default -> "frame type " + type;
        };
    }

    private static @Nullable String fault(boolean fits, String text) {
        return fits ? null : text;
    }

    private @Nullable String judgeHeaders(int stream, int flags, int length) {
        // Neither padding, priority nor CONTINUATION: the kubelet sends none, and each is a place to hide something.
        if (headers || stream != 1 || flags != END_HEADERS) {
            return headers ? "a second request" : "HEADERS on stream " + stream + " with flags " + flags;
        }
        headers = true;
        Http2Headers decoded;
        try {
            decoded = decoder.decodeHeaders(1, in.slice(in.readerIndex() + FRAME_HEAD, length));
        } catch (Http2Exception e) {
            return "malformed HEADERS: " + e.getMessage();
        }
        if (!one(decoded, Http2Headers.PseudoHeaderName.METHOD.value(), "POST")
                || !one(decoded, Http2Headers.PseudoHeaderName.SCHEME.value(), "http")) {
            return "not a POST over http";
        }
        if (decoded.getAll(Http2Headers.PseudoHeaderName.PATH.value()).size() != 1
                || !CHECK.contentEquals(decoded.path())) {
            return "not " + CHECK;
        }
        CharSequence type = decoded.get("content-type");
        boolean grpc = type != null
                && (AsciiString.contentEquals(type, "application/grpc")
                        || AsciiString.contentEquals(type, "application/grpc+proto"));
        return grpc && decoded.getAll("content-type").size() == 1 ? null : "not gRPC";
    }

    private static boolean one(Http2Headers headers, AsciiString name, String value) {
        var all = headers.getAll(name);
        return all.size() == 1 && AsciiString.contentEquals(all.getFirst(), value);
    }

    private @Nullable String judgeData(int stream, int flags, int length) {
        if (!headers || finished || stream != 1 || (flags & ~END_STREAM) != 0) {
            return "DATA out of place";
        }
        if (message.readableBytes() + length > 1024) {
            return "a health request of more than 1 KiB";
        }
        message.writeBytes(in, in.readerIndex() + FRAME_HEAD, length);
        if ((flags & END_STREAM) == 0) {
            return null;
        }
        finished = true;
        String service = service();
        return service != null && services.contains(service)
                ? null
                : "a health request for a service that is not declared";
    }

    /** The service of a length-prefixed, uncompressed HealthCheckRequest {string service = 1}; null for anything else. */
    private @Nullable String service() {
        int length = message.readableBytes();
        if (length < 5 || message.getByte(0) != 0 || message.getInt(1) != length - 5) {
            return null;
        }
        if (length == 5) {
            return "";
        }
        // Field 1, length-delimited; a name of up to 127 bytes has a length of one byte.
        if (length < 7 || message.getByte(5) != 0x0a || message.getByte(6) < 0 || message.getByte(6) != length - 7) {
            return null;
        }
        return message.toString(7, length - 7, StandardCharsets.UTF_8);
    }

    private Verdict other(String reason) {
        why = reason;
        return Verdict.OTHER;
    }

    @Override
    public @Nullable ByteBuf passed() {
        ByteBuf all = out;
        out = null;
        return all;
    }

    @Override
    public boolean complete() {
        return finished;
    }

    @Override
    public String why() {
        return why;
    }

    @Override
    public void close() {
        in.release();
        message.release();
        if (out != null) {
            out.release();
            out = null;
        }
    }
}
