package io.culvert.lab.demo;

/**
 * A chance of {@code percent} for each of {@code requests}, and how far a count may be from what that makes: five standard
 * deviations of the binomial distribution, which chance alone exceeds less than once in a million runs. Immutable.
 */
record Share(int requests, int percent) {
    private static final double DEVIATIONS = 5;

    int expected() {
        return requests * percent / 100;
    }

    /** How far a count may be from {@link #expected}. */
    int tolerance() {
        double chance = percent / 100.0;
        return (int) Math.floor(DEVIATIONS * Math.sqrt(requests * chance * (1 - chance)));
    }

    /** Fails unless {@code count} is within the tolerance; {@code what} says what was counted. */
    void verify(String what, int count) {
        CheckFailure.unless(
                Math.abs(count - expected()) <= tolerance(),
                what + ": " + count + " of " + requests + ", not " + bound());
    }

    /** The bound, for people. */
    String bound() {
        return expected() + " +- " + tolerance();
    }
}
