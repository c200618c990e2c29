package io.culvert.lab;

/** One pod behind one port of a service, with an address of one family. Immutable. */
record Backend(String pod, String node, String address, int port, boolean ready, boolean serving) {
    boolean v6() {
        return address.indexOf(':') >= 0;
    }
}
