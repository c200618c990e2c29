/**
 * What a run of the bench found and what can be said of it: rounds with their values and histograms, targets, the
 * statistics that turn rounds into rows with a verdict, and the JSON file that keeps all of it.
 *
 * <p>A value's name ends in its unit: {@code _ms}, {@code _us}, {@code _s}, {@code _mib}, {@code _kib}, {@code _gbit}
 * (Gbit/s), {@code _per_s}, {@code _ratio}; without one of these it is a count. Names that contain {@code error},
 * {@code failed}, {@code dropped}, {@code lost} or {@code refused} count what went wrong. CPU is named {@code
 * cpu_user_X}, {@code cpu_system_X} (all processes of the proxy), {@code cpu_X} (their sum) and {@code cpu_machine_X}
 * (busy time of the whole machine, not yet less direct's), with X for instance {@code per_request_us}.
 */
@NullMarked
package io.culvert.perf.result;

import org.jspecify.annotations.NullMarked;
