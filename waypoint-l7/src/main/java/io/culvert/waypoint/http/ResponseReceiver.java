package io.culvert.waypoint.http;

/** The response to a request, on its connection's loop: interim heads, one head, then what {@link BodyReceiver} says. */
public interface ResponseReceiver extends BodyReceiver {
    /** An interim response, 100 to 199 except 101. */
    void onInformational(ResponseHead head);

    /**
     * The head of the final response. Data and the end follow, unless {@code end}.
     *
     * @param end nothing follows
     */
    void onResponse(ResponseHead head, boolean end);

    /** The app accepted the protocol change: data is bytes of the new protocol from now on. */
    void onUpgraded(ResponseHead head);
}
