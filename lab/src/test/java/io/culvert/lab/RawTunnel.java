package io.culvert.lab;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * An HBONE client that shares no code with ours: the JDK's TLS and frames written by hand (RFC 9113). It trusts every
 * server, presents whatever certificate it is given, and answers nothing by itself. One thread at a time.
 */
final class RawTunnel implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int WINDOW_UPDATE = 8;
    private static final int END_HEADERS = 4;
    private static final int ACK = 1;
    private static final int INITIAL_WINDOW_SIZE = 4;

    private final SSLSocket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final Map<Integer, String> status = new HashMap<>();
    private final Map<Integer, ByteArrayOutputStream> received = new HashMap<>();

    /** TLS over {@code connected} as the owner of {@code leaf}; a refusal shows in the first read, not here. */
    RawTunnel(Socket connected, ForgedAuthority.Leaf leaf) throws IOException {
        this.socket = (SSLSocket) factory(leaf)
                .createSocket(connected, connected.getInetAddress().getHostAddress(), connected.getPort(), true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        parameters.setApplicationProtocols(new String[] {"h2"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        this.in = new DataInputStream(socket.getInputStream());
        this.out = new DataOutputStream(socket.getOutputStream());
    }

    /** Sends preface and SETTINGS with windows as large as they get, and waits for the server's SETTINGS. */
    RawTunnel begin() throws IOException {
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        ByteArrayOutputStream settings = new ByteArrayOutputStream();
        DataOutputStream values = new DataOutputStream(settings);
        values.writeShort(INITIAL_WINDOW_SIZE);
        values.writeInt(Integer.MAX_VALUE);
        frame(SETTINGS, 0, 0, settings.toByteArray());
        frame(WINDOW_UPDATE, 0, 0, new byte[] {0x7f, 0, 0, 0});
        while (readFrame() != SETTINGS) {
            // What else comes first says nothing about the tunnel.
        }
        frame(SETTINGS, ACK, 0, new byte[0]);
        return this;
    }

    /** Opens stream {@code stream} by a CONNECT to {@code authority} and returns the status of the answer. */
    String connect(int stream, String authority) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        // RFC 7541, section 6.2.2: literals without indexing, names from the static table (2 :method, 1 :authority).
        for (String[] field : new String[][] {{"\2", "CONNECT"}, {"\1", authority}}) {
            byte[] value = field[1].getBytes(StandardCharsets.US_ASCII);
            block.write(field[0].charAt(0));
            block.write(value.length);
            block.write(value);
        }
        frame(HEADERS, END_HEADERS, stream, block.toByteArray());
        while (!status.containsKey(stream)) {
            readFrame();
        }
        return status.get(stream);
    }

    void send(int stream, String text) throws IOException {
        frame(DATA, 0, stream, text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads until {@code stream} has brought {@code text}. */
    void await(int stream, String text) throws IOException {
        while (!received.getOrDefault(stream, new ByteArrayOutputStream())
                .toString(StandardCharsets.ISO_8859_1)
                .contains(text)) {
            readFrame();
        }
    }

    int localPort() {
        return socket.getLocalPort();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // The server was first: there is nobody to say goodbye to.
        }
    }

    private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(frame);
        fields.writeByte(payload.length >> 16);
        fields.writeShort(payload.length);
        fields.writeByte(type);
        fields.writeByte(flags);
        fields.writeInt(stream);
        fields.write(payload);
        out.write(frame.toByteArray());
        out.flush();
    }

    private int readFrame() throws IOException {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = in.readNBytes(length);
        if (payload.length < length) {
            throw new EOFException("the tunnel ended within a frame");
        }
        switch (type) {
            case HEADERS -> status.put(stream, status(payload));
            case RST_STREAM -> status.putIfAbsent(stream, "reset");
            case DATA ->
                received.computeIfAbsent(stream, s -> new ByteArrayOutputStream())
                        .write(payload);
            default -> {
                // Pings stay unanswered: nothing here lasts that long, or it is meant to.
            }
        }
        return type;
    }

    /** The status, which is the first field: indexed (RFC 7541, appendix A: 8 to 14), or a literal of three digits. */
    private static String status(byte[] block) {
        int at = 0;
        while ((block[at] & 0xe0) == 0x20) {
            at++;
        }
        String[] indexed = {"200", "204", "206", "304", "400", "404", "500"};
        int index = (block[at] & 0xff) - 0x88;
        return index >= 0 && index < indexed.length
                ? indexed[index]
                : new String(block, at + 2, 3, StandardCharsets.US_ASCII);
    }

    private static SSLSocketFactory factory(ForgedAuthority.Leaf leaf) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {new Always(leaf)}, new TrustManager[] {new Trusting()}, new SecureRandom());
            return context.getSocketFactory();
        } catch (GeneralSecurityException e) {
            throw new LabException("no TLS in this JDK", e);
        }
    }

    /** Presents its certificate whatever the server asks for. */
    private static final class Always extends X509ExtendedKeyManager {
        private final ForgedAuthority.Leaf leaf;

        Always(ForgedAuthority.Leaf leaf) {
            this.leaf = leaf;
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return new String[] {"it"};
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return "it";
        }

        @Override
        public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
            return "it";
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return new String[0];
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            throw new IllegalStateException("a client only");
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return new X509Certificate[] {leaf.certificate()};
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return leaf.key();
        }
    }

    private static final class Trusting extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
