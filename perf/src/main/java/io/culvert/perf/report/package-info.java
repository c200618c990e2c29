/**
 * What people read of a run: Markdown, one self-contained HTML page, bitmaps, and what changed between two runs. Nothing
 * here decides anything that {@code result} has not; void rounds, failures and gaps are shown wherever figures are.
 */
@NullMarked
package io.culvert.perf.report;

import org.jspecify.annotations.NullMarked;
