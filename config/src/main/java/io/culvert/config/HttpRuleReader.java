package io.culvert.config;

import com.google.re2j.Pattern;
import io.culvert.config.VirtualServiceResource.Delegate;
import io.culvert.config.VirtualServiceResource.Headers;
import io.culvert.config.VirtualServiceResource.Http;
import io.culvert.config.VirtualServiceResource.Match;
import io.culvert.config.VirtualServiceResource.MirrorTo;
import io.culvert.config.VirtualServiceResource.Rewriting;
import io.culvert.config.VirtualServiceResource.Target;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpAction.PortFrom;
import io.culvert.core.route.PathChange;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads one HTTP rule of a VirtualService. Owned by: the read. */
final class HttpRuleReader {
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final int LONGEST_BODY = 1 << 20;
    private static final int WHOLE = 1_000_000;

    private final Meta meta;
    private final Fields rule;

    HttpRuleReader(Meta meta, Fields rule) {
        this.meta = meta;
        this.rule = rule;
    }

    /** Named as they are written. */
    private enum DerivePort {
        FROM_PROTOCOL_DEFAULT,
        FROM_REQUEST_PORT
    }

    /**
     * Reads the rule.
     *
     * @param index its place, which names it when it has no name
     */
    Http read(int index) {
        String name = rule.text("name", "");
        List<Match> matches = new ArrayList<>();
        for (Fields match : rule.objects("match")) {
            matches.add(HttpMatchReader.read(match));
        }
        List<Target> route = TargetReader.route(rule, true);
        HttpAction.Redirect redirect = redirect();
        HttpAction.DirectResponse direct = direct();
        Delegate delegate = delegate();
        Rewriting rewrite = rewrite();
        Duration timeout = IstioFields.durationOrZero(rule, "timeout");
        VirtualServiceResource.Retrying retry = RetryReader.read(rule);
        var fault = FaultReader.read(rule);
        List<MirrorTo> mirrors = mirrors();
        var cors = CorsReader.read(rule);
        Headers headers = TargetReader.headers(rule);
        exclusions();
        rule.finish();
        return new Http(
                name.isEmpty() ? String.valueOf(index) : name,
                List.copyOf(matches),
                route,
                redirect,
                direct,
                delegate,
                rewrite,
                timeout,
                retry,
                fault,
                mirrors,
                cors,
                headers,
                rule.place());
    }

    private void exclusions() {
        List<String> ends = new ArrayList<>();
        for (String name : List.of("route", "redirect", "directResponse", "delegate")) {
            if (rule.has(name) && !rule.isEmptyList(name)) {
                ends.add(name);
            }
        }
        if (ends.isEmpty()) {
            rule.error("route", "is missing: a rule needs one of route, redirect, directResponse and delegate");
        } else if (ends.size() > 1) {
            rule.error(ends.getLast(), "excludes " + ends.getFirst() + ": remove one of them");
        } else if (!ends.getFirst().equals("route") && !ends.getFirst().equals("delegate")) {
            for (String name : List.of("rewrite", "mirror", "mirrors", "retries", "timeout")) {
                if (rule.has(name)) {
                    String message = "says nothing to a " + ends.getFirst() + ", which sends no request on: remove it";
                    if (name.equals("rewrite")) {
                        rule.error(name, message);
                    } else {
                        rule.warning(name, message);
                    }
                }
            }
        }
    }

    private HttpAction.@Nullable Redirect redirect() {
        Fields redirect = rule.object("redirect");
        if (redirect == null) {
            return null;
        }
        String uri = redirect.text("uri");
        String authority = redirect.text("authority");
        String scheme = redirect.text("scheme");
        Integer port = redirect.number("port", 1, 65535);
        DerivePort derive = redirect.choice("derivePort", DerivePort.class);
        Integer code = redirect.number("redirectCode", 300, 399);
        redirect.finish();
        if (port != null && derive != null) {
            redirect.error("derivePort", "excludes port: remove one of them");
        }
        if (code != null && !REDIRECTS.contains(code)) {
            redirect.error("redirectCode", code + " is not one of 301, 302, 303, 307, 308");
        }
        if (scheme != null && !scheme.equals("http") && !scheme.equals("https")) {
            redirect.error("scheme", "\"" + scheme + "\" is neither http nor https");
        }
        if (uri == null && authority == null && scheme == null && port == null) {
            redirect.error("", "changes nothing, and would lead in a circle: give uri, authority, scheme or port");
        }
        String host = authority == null || authority.isEmpty() ? null : authority.toLowerCase(Locale.ROOT);
        int own = -1;
        if (host != null && port == null) {
            int colon = host.lastIndexOf(':');
            own = colon < 0 ? -1 : PortText.parse(host.substring(colon + 1));
            host = own > 0 ? host.substring(0, colon) : host;
        }
        PortFrom from = derive == DerivePort.FROM_REQUEST_PORT || (host == null && scheme == null)
                ? PortFrom.REQUEST
                : PortFrom.SCHEME;
        return new HttpAction.Redirect(
                scheme,
                host,
                port != null ? port : Math.max(own, 0),
                from,
                uri == null || uri.isEmpty() ? null : new PathChange.Full(uri),
                code == null ? 301 : code);
    }

    private HttpAction.@Nullable DirectResponse direct() {
        Fields direct = rule.object("directResponse");
        if (direct == null) {
            return null;
        }
        Integer status = direct.number("status", 200, 599);
        if (!direct.has("status")) {
            direct.error("status", "is missing");
        }
        Fields body = direct.object("body");
        byte[] bytes = new byte[0];
        if (body != null) {
            String text = body.text("string");
            String base64 = body.text("bytes");
            body.finish();
            if (text != null && base64 != null) {
                body.error("bytes", "excludes string: remove one of them");
            }
            bytes = text != null ? text.getBytes(StandardCharsets.UTF_8) : decode(body, base64);
        }
        direct.finish();
        if (bytes.length > LONGEST_BODY) {
            direct.error("body", "has " + bytes.length + " bytes: at most " + LONGEST_BODY + " are taken");
        }
        return new HttpAction.DirectResponse(status == null ? 500 : status, bytes);
    }

    private static byte[] decode(Fields body, @Nullable String base64) {
        try {
            return Base64.getDecoder().decode(base64 == null ? "" : base64);
        } catch (IllegalArgumentException e) {
            body.error("bytes", "is not base64");
            return new byte[0];
        }
    }

    private @Nullable Delegate delegate() {
        Fields delegate = rule.object("delegate");
        if (delegate == null) {
            return null;
        }
        String name = GatewayFields.required(delegate, "name");
        String namespace = delegate.text("namespace", "");
        delegate.finish();
        return new Delegate(
                new ResourceKey(Kind.VIRTUAL_SERVICE, namespace.isEmpty() ? meta.namespace() : namespace, name),
                delegate.place());
    }

    private @Nullable Rewriting rewrite() {
        Fields rewrite = rule.object("rewrite");
        if (rewrite == null) {
            return null;
        }
        String uri = rewrite.text("uri");
        String authority = rewrite.text("authority");
        Fields regex = rewrite.object("uriRegexRewrite");
        rewrite.finish();
        if (uri != null && regex != null) {
            rewrite.error("uriRegexRewrite", "excludes uri: remove one of them");
        }
        if (uri == null && authority == null && regex == null) {
            rewrite.error("", "changes nothing: give uri, uriRegexRewrite or authority");
        }
        return new Rewriting(
                authority == null || authority.isEmpty() ? null : authority,
                uri == null || uri.isEmpty() ? null : uri,
                regex == null ? null : regex(regex));
    }

    private static PathChange.@Nullable Regex regex(Fields regex) {
        String match = GatewayFields.required(regex, "match");
        String substitution = regex.text("rewrite", "");
        regex.finish();
        Pattern pattern = match.isEmpty() ? null : GatewayFields.regex(regex, "match", match);
        if (pattern == null) {
            return null;
        }
        for (int i = substitution.indexOf('\\'); i >= 0; i = substitution.indexOf('\\', i + 2)) {
            char next = i + 1 < substitution.length() ? substitution.charAt(i + 1) : ' ';
            boolean group = next >= '0' && next <= '9';
            if (next != '\\' && (!group || next - '0' > pattern.groupCount())) {
                regex.error(
                        "rewrite",
                        group
                                ? "names group " + next + ", and match has " + pattern.groupCount()
                                : "a backslash must be followed by a digit or a backslash");
            }
        }
        return new PathChange.Regex(pattern, substitution);
    }

    private List<MirrorTo> mirrors() {
        List<MirrorTo> mirrors = new ArrayList<>();
        Fields single = rule.object("mirror");
        int share = IstioFields.millionths(rule, "mirrorPercentage");
        int old = percent("mirrorPercent");
        int older = percent("mirror_percent");
        if (single != null) {
            int deprecated = Math.max(old, older);
            mirrors.add(new MirrorTo(
                    TargetReader.target(single, 1, null), share >= 0 ? share : deprecated >= 0 ? deprecated : WHOLE));
        } else if (rule.has("mirrorPercentage") || old >= 0 || older >= 0) {
            rule.warning("mirrorPercentage", "says nothing without mirror");
        }
        for (Fields mirror : rule.objects("mirrors")) {
            Fields destination = mirror.object("destination");
            int percentage = IstioFields.millionths(mirror, "percentage");
            if (destination == null) {
                GatewayFields.required(mirror, "destination");
            } else {
                mirrors.add(
                        new MirrorTo(TargetReader.target(destination, 1, null), percentage >= 0 ? percentage : WHOLE));
            }
            mirror.finish();
        }
        if (single != null && rule.has("mirrors")) {
            rule.error("mirrors", "excludes mirror: remove one of them");
        }
        mirrors.removeIf(mirror -> mirror.millionths() == 0);
        return List.copyOf(mirrors);
    }

    private int percent(String name) {
        Integer percent = rule.number(name, 0, 100);
        if (percent == null) {
            return -1;
        }
        rule.warning(name, "is deprecated: use mirrorPercentage");
        return percent * (WHOLE / 100);
    }
}
