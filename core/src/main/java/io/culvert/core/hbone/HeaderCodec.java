package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Header blocks of one connection, both ways: HPACK with its two dynamic tables (RFC 7541). Owned by: the connection's
 * loop. Every block that is received must pass through, also those of streams that are gone.
 */
final class HeaderCodec {
    /** What one header costs in the peer's and in our table, at most; a larger table earns nothing here. */
    private static final long MAX_TABLE = 4096;

    private static final int HUFFMAN_HINT = 64;

    private static final AsciiString TRACEPARENT = AsciiString.cached("traceparent");
    private static final AsciiString FORWARDED = AsciiString.cached("forwarded");

    /** New in each request: in the dynamic table they would push out what does repeat. */
    private static final Http2HeadersEncoder.SensitivityDetector NOT_INDEXED =
            (name, value) -> TRACEPARENT.contentEquals(name) || FORWARDED.contentEquals(name);

    private final DefaultHttp2HeadersDecoder decoder;
    // The peer's limit on header lists is advice (section 6.5.2) and must not be a way to make our requests fail.
    private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder(NOT_INDEXED, true);

    /** @param maxHeaderList bound of a decoded header list, by the measure of RFC 9113 section 6.5.2 */
    HeaderCodec(int maxHeaderList) {
        decoder = new DefaultHttp2HeadersDecoder(true, maxHeaderList, HUFFMAN_HINT);
    }

    /** @throws Http2Exception a stream error when only this block is bad, else the connection is out of step */
    Http2Headers decode(int stream, ByteBuf block) throws Http2Exception {
        return decoder.decodeHeaders(stream, block);
    }

    /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
    void peerTableSize(long size) throws Http2Exception {
        encoder.maxHeaderTableSize(Math.min(size, MAX_TABLE));
    }

    /** HEADERS, and CONTINUATION as the peer's frame size demands, in one buffer. */
    ByteBuf encode(ByteBufAllocator allocator, int stream, Http2Headers headers, boolean endStream, int peerMaxFrame) {
        ByteBuf block = allocator.directBuffer(256);
        ByteBuf out = allocator.directBuffer(256 + Frames.HEAD_LENGTH);
        try {
            encoder.encodeHeaders(stream, headers, block);
            int type = Frames.HEADERS;
            int flags = endStream ? Frames.END_STREAM : 0;
            do {
                int n = Math.min(block.readableBytes(), peerMaxFrame);
                int last = n == block.readableBytes() ? Frames.END_HEADERS : 0;
                Frames.head(out, n, type, flags | last, stream).writeBytes(block, n);
                type = Frames.CONTINUATION;
                flags = 0;
            } while (block.isReadable());
            return out;
        } catch (Http2Exception e) {
            out.release();
            throw new IllegalStateException("cannot encode headers", e);
        } finally {
            block.release();
        }
    }

    void close() {
        encoder.close();
    }

    static Http2Headers connect(ConnectRequest request) {
        Http2Headers headers =
                new DefaultHttp2Headers(false, 8).method("CONNECT").authority(AsciiString.of(request.authority()));
        return addAll(headers, request.headers());
    }

    static Http2Headers response(int status, List<Header> more) {
        return addAll(new DefaultHttp2Headers(false, 8).status(Integer.toString(status)), more);
    }

    /** The fields of a received list, pseudo-headers apart; null when one is malformed (section 8.2.1). */
    static @Nullable List<Header> fields(Http2Headers headers) {
        List<Header> fields = new ArrayList<>(headers.size());
        for (Map.Entry<CharSequence, CharSequence> field : headers) {
            CharSequence name = field.getKey();
            CharSequence value = field.getValue();
            if (name.isEmpty() || name.charAt(0) != ':') {
                if (!Header.isName(name) || !Header.isValue(value)) {
                    return null;
                }
                fields.add(new Header(name.toString(), value.toString()));
            }
        }
        return List.copyOf(fields);
    }

    private static Http2Headers addAll(Http2Headers headers, List<Header> more) {
        for (int i = 0; i < more.size(); i++) {
            headers.add(more.get(i).name(), more.get(i).value());
        }
        return headers;
    }
}
