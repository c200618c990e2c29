package io.culvert.waypoint.h2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Exception.streamError;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.StreamError;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/** One request to an app and its response. Owned by the connection's loop. */
final class ClientStream extends StreamState implements ClientExchange {
    private static final int MAX_INFORMATIONAL = 16;

    private final ResponseReceiver receiver;
    private final boolean headMethod;
    private boolean responded;
    private boolean sending = true;
    private int informational;

    ClientStream(Http2Client codec, Http2Stream stream, ResponseReceiver receiver, boolean headMethod) {
        super(codec, stream);
        this.receiver = receiver;
        this.headMethod = headMethod;
    }

    @Override
    BodyReceiver bodyReceiver() {
        return receiver;
    }

    /** A response that is complete stays so, even if the app takes no more of the request. */
    @Override
    boolean isUnfinished() {
        return !isInputEnded();
    }

    /** From now on whoever sent the request knows this exchange. */
    void sent() {
        sending = false;
    }

    @Override
    void broken(StreamError error, String detail) {
        if (sending) {
            loop().execute(() -> super.broken(error, detail));
        } else {
            super.broken(error, detail);
        }
    }

    boolean isResponded() {
        return responded;
    }

    void head(FieldBlock block, boolean end) throws Http2Exception {
        int status = status(block);
        if (status < 200) {
            if (end || status == 101) {
                throw malformed("an interim response that is the end, or 101");
            }
            if (++informational > MAX_INFORMATIONAL) {
                throw streamError(stream.id(), ENHANCE_YOUR_CALM, "more interim responses than anybody needs");
            }
            if (!isOver()) {
                receiver.onInformational(new ResponseHead(status, block.fields()));
            }
            return;
        }
        responded = true;
        boolean bodiless = headMethod || status == 204 || status == 304;
        if (end) {
            if (!bodiless && block.contentLength() > 0) {
                throw malformed("content-length without a body");
            }
            markInputEnded();
        }
        expect(bodiless ? 0 : block.contentLength());
        if (!isOver()) {
            receiver.onResponse(new ResponseHead(status, block.fields()), end);
        }
    }

    private int status(FieldBlock block) throws Http2Exception {
        String fault = block.fault();
        if (fault != null) {
            throw malformed(fault);
        }
        if (block.isTooLarge()) {
            throw streamError(stream.id(), ENHANCE_YOUR_CALM, "the fields of the response are too many or too large");
        }
        CharSequence text = block.status();
        int status = 0;
        if (text != null && text.length() == 3) {
            for (int i = 0; i < 3; i++) {
                int digit = text.charAt(i) - '0';
                status = digit < 0 || digit > 9 ? -1000 : status * 10 + digit;
            }
        }
        if (status < 100 || status > 599) {
            throw malformed(":status is missing, or no status");
        }
        return status;
    }

    private Http2Exception malformed(String detail) {
        return streamError(stream.id(), PROTOCOL_ERROR, "%s", detail);
    }

    @Override
    public void end(@Nullable Fields trailers) {
        endOutput(trailers);
    }

    @Override
    public void reset(StreamError error) {
        give(
                switch (error) {
                    case PROTOCOL -> Http2Error.PROTOCOL_ERROR.code();
                    case LIMIT, INTERNAL -> Http2Error.INTERNAL_ERROR.code();
                    case CANCELLED, REFUSED, CONNECTION_LOST, TIMEOUT -> Http2Error.CANCEL.code();
                });
    }
}
