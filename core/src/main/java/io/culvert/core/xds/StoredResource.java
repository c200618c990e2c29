package io.culvert.core.xds;

import com.google.protobuf.ByteString;

/** A resource as it was accepted, so that it can be written to disk and its version told on reconnect. Immutable. */
record StoredResource(String version, ByteString bytes) {}
