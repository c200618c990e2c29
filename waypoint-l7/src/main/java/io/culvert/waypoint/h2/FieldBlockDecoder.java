package io.culvert.waypoint.h2;

import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;

/** Netty's HPACK decoder, which fills {@link FieldBlock}s and leaves their judgement to them. */
final class FieldBlockDecoder extends DefaultHttp2HeadersDecoder {
    private final boolean requests;
    private final int maxBytes;
    private final int maxFields;

    FieldBlockDecoder(boolean requests, int maxBytes, int maxFields) {
        // Up to twice the limit the block is read and answered in order, by 431; beyond that Netty gives it up.
        super(false, 2L * maxBytes);
        this.requests = requests;
        this.maxBytes = maxBytes;
        this.maxFields = maxFields;
    }

    /** The limits are ours and do not change when the peer has acknowledged them. */
    @Override
    public void maxHeaderListSize(long max, long goAwayMax) {}

    @Override
    protected Http2Headers newHeaders() {
        return new FieldBlock(requests, maxBytes, maxFields);
    }
}
