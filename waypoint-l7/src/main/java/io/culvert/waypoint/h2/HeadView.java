package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2Headers.PseudoHeaderName;
import io.netty.util.AsciiString;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * A head or trailers as Netty's HPACK encoder wants to see them, without a copy. One for each connection, which is filled
 * anew for each block and read at once. Owned by the connection's loop.
 */
final class HeadView extends BareHeaders {
    private static final Fields NONE = new Fields();

    private final CharSequence[] pseudo = new CharSequence[8];
    private final Cursor cursor = new Cursor();
    private int pseudoSize;
    private Fields fields = NONE;
    private @Nullable CharSequence status;

    HeadView of(RequestHead head) {
        pseudoSize = 0;
        status = null;
        put(PseudoHeaderName.METHOD.value(), head.method());
        put(PseudoHeaderName.SCHEME.value(), head.scheme());
        put(PseudoHeaderName.AUTHORITY.value(), head.authority());
        put(PseudoHeaderName.PATH.value(), head.path());
        fields = head.fields();
        return this;
    }

    HeadView of(ResponseHead head) {
        pseudoSize = 0;
        AsciiString text = HttpResponseStatus.valueOf(head.status()).codeAsText();
        status = text;
        put(PseudoHeaderName.STATUS.value(), text);
        fields = head.fields();
        return this;
    }

    HeadView of(Fields trailers) {
        pseudoSize = 0;
        status = null;
        fields = trailers;
        return this;
    }

    /** Lets go of what it shows. */
    void forget() {
        fields = NONE;
        pseudoSize = 0;
    }

    private void put(CharSequence name, CharSequence value) {
        pseudo[pseudoSize++] = name;
        pseudo[pseudoSize++] = value;
    }

    @Override
    public @Nullable CharSequence status() {
        return status;
    }

    @Override
    public int size() {
        return pseudoSize / 2 + fields.size();
    }

    @Override
    public boolean isEmpty() {
        return size() == 0;
    }

    @Override
    public Iterator<Map.Entry<CharSequence, CharSequence>> iterator() {
        cursor.at = -1;
        return cursor;
    }

    /** Iterator and entry in one: the encoder looks at one entry at a time. */
    private final class Cursor
            implements Iterator<Map.Entry<CharSequence, CharSequence>>, Map.Entry<CharSequence, CharSequence> {
        private int at = -1;

        @Override
        public boolean hasNext() {
            return at + 1 < size();
        }

        @Override
        public Map.Entry<CharSequence, CharSequence> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            at++;
            return this;
        }

        @Override
        public CharSequence getKey() {
            return 2 * at < pseudoSize ? pseudo[2 * at] : fields.name(at - pseudoSize / 2);
        }

        @Override
        public CharSequence getValue() {
            return 2 * at < pseudoSize ? pseudo[2 * at + 1] : fields.value(at - pseudoSize / 2);
        }

        @Override
        public CharSequence setValue(CharSequence value) {
            throw new UnsupportedOperationException();
        }
    }
}
