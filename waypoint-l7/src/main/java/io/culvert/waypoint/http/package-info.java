/**
 * The one model of HTTP that everything between the codecs speaks: heads, fields, exchanges with credit in both
 * directions. What leaves a codec towards the inside is valid and normalised; nothing inside checks it again.
 */
@NullMarked
package io.culvert.waypoint.http;

import org.jspecify.annotations.NullMarked;
