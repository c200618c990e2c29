package io.culvert.perf.result;

/** What a run says of a target. */
public enum Verdict {
    /** The whole interval is on the right side of the bound. */
    MET,
    /** The whole interval is on the wrong side. */
    NOT_MET,
    /** The interval crosses the bound, or there is none: the run cannot tell, and fails as such. */
    TOO_NOISY,
    /** A quick run: too short to judge by. */
    NO_VERDICT,
    /** The run has no such series, or the series has no such value. */
    NOT_MEASURED
}
