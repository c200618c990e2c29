package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.FieldRules;
import io.culvert.waypoint.http.Fields;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads field lines, strictly by RFC 9112: what servers are known to read in two ways is a fault. Keeps the framing of
 * the last message besides its fields. One for each loop, used within one call: owned by the thread.
 */
final class HeadParser {
    private static final FastThreadLocal<HeadParser> OF_THREAD = new FastThreadLocal<>() {
        @Override
        protected HeadParser initialValue() {
            return new HeadParser();
        }
    };

    private static final boolean[] VALUE = new boolean[256];

    static {
        for (int c = 0; c < 256; c++) {
            VALUE[c] = FieldRules.isValueChar(c);
        }
    }

    /** Where the head's bytes are put before parsing: plain arrays are read fastest. */
    byte[] bytes = new byte[4096];

    Fields fields = new Fields();
    /** Negative when there is none. */
    long contentLength;

    boolean chunked;
    boolean close;

    @Nullable
    String host;

    /** The protocol that an Upgrade field names first, if Connection nominates it; else "". */
    String upgrade = "";

    private boolean request;
    private int count;
    private int hosts;
    private boolean encoded;
    private boolean trailersWelcome;
    private @Nullable String upgradeList;
    private @Nullable String connection;

    private HeadParser() {}

    static HeadParser ofThread() {
        return OF_THREAD.get();
    }

    /** Makes room for a head. */
    void room(int size) {
        if (bytes.length < size) {
            bytes = new byte[Math.max(size, bytes.length * 2)];
        }
    }

    /**
     * Parses the fields of a head.
     *
     * @param from the first byte after the start line
     * @param end behind the empty line, which is known to be there
     * @return null if they are good
     */
    @Nullable
    Fault parse(int from, int end, int maxFields, boolean isRequest) {
        fields = new Fields();
        contentLength = -1;
        chunked = false;
        close = false;
        host = null;
        upgrade = "";
        request = isRequest;
        count = 0;
        hosts = 0;
        encoded = false;
        trailersWelcome = false;
        upgradeList = null;
        connection = null;
        Fault fault = lines(from, end, maxFields, false);
        return fault != null ? fault : finish();
    }

    /** Parses trailers, from the first one's first byte to behind the empty line. */
    @Nullable
    Fault parseTrailers(int from, int end, int maxFields) {
        fields = new Fields();
        count = 0;
        return lines(from, end, maxFields, true);
    }

    private @Nullable Fault lines(int from, int end, int maxFields, boolean trailers) {
        byte[] b = bytes;
        int at = from;
        while (b[at] != '\r') {
            int start = at;
            int hash = 0;
            byte lower;
            while ((lower = FieldRules.lowerToken(b[at] & 0xff)) != 0) {
                b[at++] = lower;
                hash = 31 * hash + lower;
            }
            if (b[at] != ':' || at == start) {
                return nameFault(b[at], at == start);
            }
            int colon = at++;
            while (b[at] == ' ' || b[at] == '\t') {
                at++;
            }
            int valueStart = at;
            while (VALUE[b[at] & 0xff]) {
                at++;
            }
            if (b[at] != '\r') {
                return b[at] == '\n' ? Fault.BARE_LF : Fault.FIELD_VALUE;
            }
            if (b[at + 1] != '\n') {
                return Fault.BARE_CR;
            }
            int valueEnd = at;
            while (valueEnd > valueStart && FieldRules.isSpace(b[valueEnd - 1])) {
                valueEnd--;
            }
            at += 2;
            if (++count > maxFields) {
                return Fault.TOO_MANY_FIELDS;
            }
            Fault fault = trailers
                    ? trailer(start, colon, hash, valueStart, valueEnd)
                    : field(start, colon, hash, valueStart, valueEnd);
            if (fault != null) {
                return fault;
            }
        }
        return b[at + 1] == '\n' && at + 2 == end ? null : Fault.BARE_CR;
    }

    private static Fault nameFault(byte next, boolean atStart) {
        if (atStart && FieldRules.isSpace(next)) {
            return Fault.OBS_FOLD;
        }
        return next == '\n' ? Fault.BARE_LF : Fault.FIELD_NAME;
    }

    private String text(int from, int to) {
        return from == to ? "" : new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    }

    private @Nullable Fault field(int start, int colon, int hash, int from, int to) {
        int known = KnownNames.find(bytes, start, colon, hash);
        if (known < 0) {
            String name = text(start, colon);
            if (!request || !FieldRules.isInternal(name)) {
                fields.add(name, text(from, to));
            }
            return null;
        }
        return switch (KnownNames.kind(known)) {
            case PLAIN -> {
                fields.add(KnownNames.name(known), text(from, to));
                yield null;
            }
            case HOST -> {
                hosts++;
                host = text(from, to);
                yield null;
            }
            case CONTENT_LENGTH -> contentLength(from, to);
            case TRANSFER_ENCODING -> transferEncoding(text(from, to));
            case CONNECTION -> {
                connection = connection == null ? text(from, to) : connection + "," + text(from, to);
                yield null;
            }
            case UPGRADE -> {
                upgradeList = upgradeList == null ? text(from, to) : upgradeList + "," + text(from, to);
                yield null;
            }
            case TE -> {
                trailersWelcome |= request && FieldRules.hasToken(text(from, to), "trailers");
                yield null;
            }
            case EXPECT -> expect(text(from, to));
            case DROPPED, INTERNAL -> null;
        };
    }

    private @Nullable Fault expect(String value) {
        if (!request) {
            return null;
        }
        if (!value.equalsIgnoreCase("100-continue")) {
            return Fault.EXPECT;
        }
        fields.set("expect", "100-continue");
        return null;
    }

    /** One field with one number: also equal ones twice are refused, nobody honest sends them. */
    private @Nullable Fault contentLength(int from, int to) {
        if (contentLength >= 0 || from == to || to - from > 19) {
            return Fault.CONTENT_LENGTH;
        }
        long value = 0;
        for (int i = from; i < to; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
                return Fault.CONTENT_LENGTH;
            }
            value = value * 10 + digit;
        }
        contentLength = value;
        boolean canonical = bytes[from] != '0' || to - from == 1;
        fields.add("content-length", canonical ? text(from, to) : Long.toString(value));
        return null;
    }

    private @Nullable Fault transferEncoding(String value) {
        if (encoded) {
            return Fault.TRANSFER_ENCODING;
        }
        encoded = true;
        if (value.equalsIgnoreCase("chunked")) {
            chunked = true;
            return null;
        }
        String[] codings = value.split(",", -1);
        for (int i = 0; i < codings.length; i++) {
            String coding = codings[i].strip();
            boolean last = i == codings.length - 1;
            if (!FieldRules.isToken(coding) || coding.equalsIgnoreCase("chunked") != last) {
                return Fault.TRANSFER_ENCODING;
            }
        }
        return Fault.TRANSFER_CODING;
    }

    /** What only all fields together say. */
    private @Nullable Fault finish() {
        if (encoded && contentLength >= 0) {
            return Fault.LENGTH_AND_ENCODING;
        }
        if (request && hosts != 1) {
            return Fault.HOST;
        }
        if (connection != null) {
            Fault fault = connection(connection);
            if (fault != null) {
                return fault;
            }
        }
        if (trailersWelcome) {
            fields.add("te", "trailers");
        }
        return null;
    }

    private @Nullable Fault connection(String list) {
        if (list.equalsIgnoreCase("keep-alive")) {
            return null;
        }
        boolean upgradeNominated = false;
        for (String part : list.split(",", -1)) {
            String option = part.strip().toLowerCase(Locale.ROOT);
            switch (option) {
                case "", "keep-alive", "te" -> {}
                case "close" -> close = true;
                case "upgrade" -> upgradeNominated = true;
                default -> {
                    if (!FieldRules.isToken(option) || !FieldRules.mayNominate(option)) {
                        return Fault.CONNECTION;
                    }
                    fields.remove(option);
                }
            }
        }
        if (upgradeNominated && upgradeList != null) {
            upgrade = firstProtocol(upgradeList);
        }
        return null;
    }

    /**
     * The first protocol that can be joined as bytes. HTTP in another version or under TLS would be requests that nobody
     * looks at; to ignore such an offer is allowed.
     */
    private static String firstProtocol(String list) {
        for (String part : list.split(",", -1)) {
            String protocol = part.strip().toLowerCase(Locale.ROOT);
            int slash = protocol.indexOf('/');
            boolean valid = slash < 0
                    ? FieldRules.isToken(protocol)
                    : FieldRules.isToken(protocol.substring(0, slash))
                            && FieldRules.isToken(protocol.substring(slash + 1));
            if (!valid) {
                return "";
            }
            switch (slash < 0 ? protocol : protocol.substring(0, slash)) {
                case "h2c", "h2", "h3", "http", "tls" -> {}
                default -> {
                    return protocol;
                }
            }
        }
        return "";
    }

    private @Nullable Fault trailer(int start, int colon, int hash, int from, int to) {
        int known = KnownNames.find(bytes, start, colon, hash);
        String name = known < 0 ? text(start, colon) : KnownNames.name(known);
        return switch (FieldRules.trailer(name)) {
            case KEEP -> {
                fields.add(name, text(from, to));
                yield null;
            }
            case DROP -> null;
            case REFUSE -> Fault.TRAILER;
        };
    }
}
