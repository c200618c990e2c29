package io.culvert.agent;

import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.ByteString;
import io.culvert.core.mesh.Policy;
import io.culvert.proto.security.Address;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.ServiceAccountMatch;
import io.culvert.proto.security.StringMatch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;

/**
 * One policy as ztunnel's config_dump has it: {@code rules} is a list of rules (one must match) of clauses (all must) of
 * matches (one must); a field of a match that is not there is left out.
 */
final class PolicyDump {
    private PolicyDump() {}

    static void write(JsonGenerator json, Policy policy) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", policy.source().getName());
        json.writeStringField("namespace", policy.namespace());
        json.writeStringField("scope", titled(policy.scope()));
        json.writeStringField("action", titled(policy.action()));
        json.writeBooleanField("dryRun", policy.dryRun());
        json.writeFieldName("rules");
        Json.array(
                json,
                policy.source().getRulesList(),
                (_, rule) -> Json.array(
                        json,
                        rule.getClausesList(),
                        (_, clause) -> Json.array(json, clause.getMatchesList(), PolicyDump::match)));
        Json.strings(json, "faults", policy.faults());
        json.writeEndObject();
    }

    /** {@code WORKLOAD_SELECTOR} as {@code WorkloadSelector}. */
    static String titled(Enum<?> value) {
        StringBuilder text = new StringBuilder();
        for (String word : value.name().split("_", -1)) {
            text.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
        }
        return text.toString();
    }

    private static void match(JsonGenerator json, Match match) throws IOException {
        json.writeStartObject();
        field(json, "namespaces", match.getNamespacesList(), PolicyDump::string);
        field(json, "notNamespaces", match.getNotNamespacesList(), PolicyDump::string);
        field(json, "principals", match.getPrincipalsList(), PolicyDump::string);
        field(json, "notPrincipals", match.getNotPrincipalsList(), PolicyDump::string);
        field(json, "serviceAccounts", match.getServiceAccountsList(), PolicyDump::serviceAccount);
        field(json, "notServiceAccounts", match.getNotServiceAccountsList(), PolicyDump::serviceAccount);
        field(json, "sourceIps", match.getSourceIpsList(), PolicyDump::block);
        field(json, "notSourceIps", match.getNotSourceIpsList(), PolicyDump::block);
        field(json, "destinationIps", match.getDestinationIpsList(), PolicyDump::block);
        field(json, "notDestinationIps", match.getNotDestinationIpsList(), PolicyDump::block);
        field(json, "destinationPorts", match.getDestinationPortsList(), (_, port) -> json.writeNumber(port));
        field(json, "notDestinationPorts", match.getNotDestinationPortsList(), (_, port) -> json.writeNumber(port));
        json.writeEndObject();
    }

    private static <T> void field(JsonGenerator json, String name, List<T> values, Json.ElementWriter<T> writer)
            throws IOException {
        if (!values.isEmpty()) {
            json.writeFieldName(name);
            Json.array(json, values, writer);
        }
    }

    private static void string(JsonGenerator json, StringMatch match) throws IOException {
        json.writeStartObject();
        switch (match.getMatchTypeCase()) {
            case EXACT -> json.writeStringField("Exact", match.getExact());
            case PREFIX -> json.writeStringField("Prefix", match.getPrefix());
            case SUFFIX -> json.writeStringField("Suffix", match.getSuffix());
            case PRESENCE -> json.writeBooleanField("Presence", true);
            case MATCHTYPE_NOT_SET -> json.writeBooleanField("Unknown", true);
        }
        json.writeEndObject();
    }

    private static void serviceAccount(JsonGenerator json, ServiceAccountMatch match) throws IOException {
        json.writeString(match.getNamespace() + "/" + match.getServiceAccount());
    }

    private static void block(JsonGenerator json, Address block) throws IOException {
        ByteString address = block.getAddress();
        String text;
        try {
            text = InetAddress.getByAddress(address.toByteArray()).getHostAddress();
        } catch (UnknownHostException e) {
            // Neither 4 nor 16 bytes: the compiled policy lists this among its faults.
            text = address.size() + " bytes";
        }
        json.writeString(text + "/" + block.getLength());
    }
}
