/**
 * Resources in, mesh state out: reads Kubernetes and Istio YAML, says what is wrong with it by file, line and field,
 * and compiles what is right into the workload API, incrementally. Pure: texts are given, nothing is watched, no
 * sockets. The one compiler, whatever the source and whoever runs it.
 */
@NullMarked
package io.culvert.config;

import org.jspecify.annotations.NullMarked;
