import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * A producer registry as a team would write it in Java: plain kafka-clients, the PostgreSQL driver and Jackson.
 *
 * <p>It polls a batch and decides it in one transaction, with an inbox, the rows of the business and an outbox with a
 * row per message. After the commit it publishes the messages, deletes the rows of the outbox and commits the offsets.
 * It handles the four commands of the benchmark, with all their rules, in binary content mode. One thread, one session,
 * one active instance: others wait for its lock, so messages of a subject cannot overtake each other. After any error
 * the process ends; the next one publishes what is left in the outbox, and reads the records again, which the inbox
 * recognizes.
 *
 * <p>It takes the settings of the registry from the environment, and JVM_PEER_SCHEMAS: the schema URI of each message,
 * as {@code name=uri} joined by commas.
 */
public final class RegistryPeer {
    static final int BATCH = 2_000;
    static final long BLOCK = 100_000;
    static final ObjectMapper JSON = new ObjectMapper()
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    private static volatile boolean stopping;

    public static void main(String[] arguments) throws Exception {
        var settings = Settings.fromEnvironment();
        var ended = new CountDownLatch(1);
        stopOnSignal(ended);
        try (var store = new Store(settings); var publisher = new Publisher(settings)) {
            store.waitUntilActive();
            publishRest(store, publisher);
            try (var consumer = new KafkaConsumer<>(consumerConfig(settings), new ByteArrayDeserializer(),
                    new ByteArrayDeserializer())) {
                consumer.subscribe(List.of(settings.topic("commands")));
                consume(consumer, new Service(settings, store), store, publisher);
            }
        } finally {
            ended.countDown();
        }
    }

    static void consume(KafkaConsumer<byte[], byte[]> consumer, Service service, Store store, Publisher publisher)
            throws Exception {
        while (!stopping) {
            var records = new ArrayList<ConsumerRecord<byte[], byte[]>>(BATCH);
            consumer.poll(Duration.ofMillis(500)).forEach(records::add);
            if (!records.isEmpty()) {
                publish(service.apply(records), store, publisher);
                consumer.commitSync();
            }
        }
    }

    /** Publish what a process that was killed has left in the outbox, before any new message. */
    static void publishRest(Store store, Publisher publisher) throws Exception {
        for (var rest = store.rest(); !rest.isEmpty(); rest = store.rest()) {
            publish(rest, store, publisher);
        }
    }

    static void publish(List<Message> messages, Store store, Publisher publisher) throws Exception {
        publisher.send(messages);
        store.discard(messages.get(0).position(), messages.get(messages.size() - 1).position());
    }

    /** Let the running batch end when the process is asked to stop: then there are no duplicates. */
    static void stopOnSignal(CountDownLatch ended) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopping = true;
            try {
                ended.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }));
    }

    static Map<String, Object> consumerConfig(Settings settings) {
        return Map.of(
            "bootstrap.servers", settings.brokers(),
            "group.id", settings.group(),
            "auto.offset.reset", "earliest",
            "enable.auto.commit", false,
            "isolation.level", "read_committed",
            "max.poll.records", BATCH,
            "fetch.min.bytes", 4_096,
            "fetch.max.wait.ms", 20);
    }

    record Settings(String database, String brokers, String prefix, String group, Map<String, String> schemas) {
        static Settings fromEnvironment() {
            var schemas = new HashMap<String, String>();
            for (var pair : variable("JVM_PEER_SCHEMAS").split(",")) {
                schemas.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
            }
            return new Settings(variable("REGISTRY_DATABASE_URL"), variable("REGISTRY_KAFKA_BOOTSTRAP_SERVERS"),
                variable("REGISTRY_TOPIC_PREFIX"), variable("REGISTRY_CONSUMER_GROUP"), schemas);
        }

        private static String variable(String name) {
            return Objects.requireNonNull(System.getenv(name), name);
        }

        String topic(String name) {
            return prefix + "." + name + ".v1";
        }
    }

    // Commands

    enum Noun {
        CODE("producer code", "code"), GROUP("group", "group"), USER("user", "user");

        final String text;
        final String wire;

        Noun(String text, String wire) {
            this.text = text;
            this.wire = wire;
        }
    }

    enum Kind {
        CREATE("producer-code.create", Noun.CODE), UPDATE("producer-code.update", Noun.CODE),
        GROUP_ADD("group.add-producer-code", Noun.GROUP), USER_ADD("user.add-producer-code", Noun.USER);

        static final Map<String, Kind> BY_TYPE = new HashMap<>();
        final String command;
        final String type;
        final Noun noun;

        static {
            for (var kind : values()) {
                BY_TYPE.put(kind.type, kind);
            }
        }

        Kind(String command, Noun noun) {
            this.command = command;
            this.type = wireType(command);
            this.noun = noun;
        }
    }

    static String wireType(String name) {
        return "producer-registry." + name + ".v1";
    }

    record Problem(String code, String message, String path) {}

    /** What identifies a command; the order is that of the key of the inbox, whose collation is bytewise. */
    record Identity(String source, String id, String topic) implements Comparable<Identity> {
        private static final Comparator<Identity> ORDER =
            Comparator.comparing(Identity::source).thenComparing(Identity::id).thenComparing(Identity::topic);

        @Override
        public int compareTo(Identity other) {
            return ORDER.compare(this, other);
        }
    }

    sealed interface Body permits CreateCode, UpdateCode, AddCode {}

    record CreateCode(String code, String organization, List<String> roles, String description, String branch,
        String status, String appointed, String terminated) implements Body {}

    /** A merge patch: the fields that were sent, with values as in {@code Code}, or null. */
    record UpdateCode(Map<String, Object> changes) implements Body {
        @SuppressWarnings("unchecked")
        <T> T get(String name, T unchanged) {
            return changes.containsKey(name) ? (T) changes.get(name) : unchanged;
        }
    }

    record AddCode(String codeId, List<String> roles) implements Body {}

    /** A record that was read: a command, with a body if it has no problems, or a dead letter with its reason. */
    record Received(ConsumerRecord<byte[], byte[]> record, Identity identity, Kind kind, String subject,
        Integer expected, Body body, List<Problem> problems, Map<String, String> attributes, Refused refused) {}

    /** A record that is not a command of a sender. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        final String reason;

        Refused(String reason, String message) {
            super(message, null, false, false);
            this.reason = reason;
        }
    }

    /** Reads records: the envelope in the headers (CloudEvents, binary mode), and the body. */
    static final class RecordReader {
        private static final int MAX_BODY = 262_144;
        private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9:._~-]{0,63}");
        private static final Pattern SOURCE = Pattern.compile("[!#-;=?-\\[\\]_a-z~%]{1,1024}");
        private static final Pattern TIME = Pattern.compile(
            "\\d{4}-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?([Zz]|[+-]\\d\\d:\\d\\d)");
        private static final Pattern VERSION = Pattern.compile("\\d{1,10}");

        private final Ids ids;

        RecordReader(Ids ids) {
            this.ids = ids;
        }

        Received read(ConsumerRecord<byte[], byte[]> record) {
            try {
                return command(record);
            } catch (Refused refused) {
                return new Received(record, null, null, null, null, null, List.of(), Map.of(), refused);
            }
        }

        private Received command(ConsumerRecord<byte[], byte[]> record) throws Refused {
            if (record.value() == null) {
                throw new Refused("tombstone", "the record has no body");
            }
            if (record.value().length > MAX_BODY) {
                throw new Refused("too-large", "the body has " + record.value().length + " bytes");
            }
            var attributes = attributes(record);
            var kind = Kind.BY_TYPE.get(attributes.get("type"));
            if (kind == null) {
                throw new Refused("unknown-type", "type " + attributes.get("type") + " is not a known command");
            }
            var identity = new Identity(attributes.get("source"), attributes.get("id"), record.topic());
            var check = new BodyReader(kind.command);
            var data = json(record.value());
            var subject = subject(attributes, kind, check);
            var expected = expected(attributes, check);
            checkOthers(attributes, check);
            var body = check.read(kind, data);
            return new Received(
                record, identity, kind, subject, expected, body, check.problems, attributes, null);
        }

        private static Map<String, String> attributes(ConsumerRecord<byte[], byte[]> record) throws Refused {
            var attributes = new HashMap<String, String>(16);
            for (var header : record.headers()) {
                if (header.key().startsWith("ce_") && header.value() != null) {
                    var text = new String(header.value(), UTF_8);
                    if (text.indexOf('\uFFFD') >= 0 && !Arrays.equals(text.getBytes(UTF_8), header.value())) {
                        throw new Refused("not-a-cloudevent", "header " + header.key() + " is not UTF-8");
                    }
                    var other = attributes.putIfAbsent(header.key().substring(3), text);
                    if (other != null && !other.equals(text)) {
                        throw new Refused("not-a-cloudevent", "header " + header.key() + " occurs twice");
                    }
                }
            }
            for (var name : List.of("id", "source", "specversion", "type")) {
                if (attributes.getOrDefault(name, "").isEmpty()) {
                    throw new Refused("not-a-cloudevent", "attribute " + name + " is missing");
                }
            }
            if (!attributes.get("specversion").equals("1.0") || attributes.get("id").length() > 128) {
                throw new Refused("not-a-cloudevent", "specversion must be 1.0, and id at most 128 characters");
            }
            return attributes;
        }

        private static JsonNode json(byte[] value) throws Refused {
            try {
                return JSON.readTree(value);
            } catch (IOException wrong) {
                throw new Refused("not-json", "the body is not JSON: " + wrong.getMessage());
            }
        }

        private String subject(Map<String, String> attributes, Kind kind, BodyReader check) {
            var text = attributes.get("subject");
            if (text == null && kind == Kind.CREATE) {
                return ids.createdSubject(attributes.get("source"), attributes.get("id"));
            }
            if (text == null) {
                var message = "subject is missing: it must be the id of the " + kind.noun.text + ".";
                check.problems.add(new Problem("invalid", message, "subject"));
            } else if (ID.matcher(text).matches()) {
                return text;
            } else {
                check.attribute("subject", BodyReader.ID_TEXT);
            }
            return "";
        }

        private static Integer expected(Map<String, String> attributes, BodyReader check) {
            var text = attributes.get("expectedversion");
            if (text == null) {
                return null;
            }
            if (VERSION.matcher(text).matches() && Long.parseLong(text) <= Integer.MAX_VALUE) {
                return Integer.valueOf(text);
            }
            check.attribute("expectedversion", "a whole number from 0 to " + Integer.MAX_VALUE);
            return null;
        }

        private static void checkOthers(Map<String, String> attributes, BodyReader check) {
            if (!SOURCE.matcher(attributes.get("source")).matches()) {
                check.attribute("source", "a URI reference of RFC 3986");
            }
            if (attributes.containsKey("time") && !TIME.matcher(attributes.get("time")).matches()) {
                check.attribute("time", "a time of RFC 3339, such as 2026-11-29T10:00:00Z");
            }
            if (attributes.getOrDefault("correlationid", "").length() > 256) {
                check.attribute("correlationid", "a string of at most 256 characters without NUL");
                attributes.remove("correlationid");
            }
            if (attributes.containsKey("replyto")) {
                check.attribute("replyto", "one of the configured reply topics");
            }
        }
    }

    /** Reads the data of a command strictly, and collects all its problems. */
    static final class BodyReader {
        static final String ID_TEXT =
            "an id: 1 to 64 letters, digits and : . _ ~ -, starting with a letter or digit";
        private static final String CODE_TEXT =
            "1 to 255 letters, digits and . _ / -, starting with a letter or digit, such as 301-008579";
        private static final String REFERENCE_TEXT = "an object with an id, such as {\"id\": \"pc:4\"}";
        private static final String ROLES_TEXT = "one or more roles, such as [{\"id\": \"producer\"}]";
        private static final String SOME_ROLES_TEXT =
            "roles of the code, such as [{\"id\": \"producer\"}], or null for all";
        private static final String BRANCH_TEXT =
            "a branch, such as {\"id\": \"pc:S17f59YeYbDQEVkdUiua9\"}, or null";
        private static final String STATUS_TEXT = "a status, such as {\"code\": \"Active\"}, or null for Active";
        private static final String STATUSES_TEXT = "Active, Limited, Suspended, Terminating or Terminated";
        private static final String DESCRIPTION_TEXT = "a string of at most 255 characters without NUL, or null";
        private static final String DATE_TEXT = "a calendar date in the format YYYY-MM-DD, or null";
        private static final Pattern CODE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]{0,254}");
        private static final Set<String> STATUSES =
            Set.of("Active", "Limited", "Suspended", "Terminating", "Terminated");
        private static final List<String> CODE_FIELDS = List.of("code", "organization", "roles", "description",
            "branch", "producerStatus", "appointmentDate", "terminationDate");
        private static final int MAX_ITEMS = 10_000;

        final List<Problem> problems = new ArrayList<>(0);
        private final String command;

        BodyReader(String command) {
            this.command = command;
        }

        Body read(Kind kind, JsonNode data) {
            if (!data.isObject()) {
                problems.add(new Problem("invalid", "The data must be a JSON object.", ""));
                return null;
            }
            return switch (kind) {
                case CREATE -> create(data);
                case UPDATE -> update(data);
                case GROUP_ADD -> add(data, List.of("producerCode"));
                case USER_ADD -> add(data, List.of("producerCode", "roles"));
            };
        }

        private CreateCode create(JsonNode data) {
            checkFields(data, "", CODE_FIELDS);
            requireFields(data, Map.of("code", CODE_TEXT, "organization", REFERENCE_TEXT, "roles", ROLES_TEXT));
            var status = status(data.get("producerStatus"));
            return new CreateCode(text(data.get("code"), "/code", CODE, CODE_TEXT),
                reference(data.get("organization"), "/organization", REFERENCE_TEXT),
                references(data.get("roles"), 1, ROLES_TEXT), description(data.get("description")),
                given(data.get("branch")) ? reference(data.get("branch"), "/branch", BRANCH_TEXT) : null,
                status == null ? "Active" : status, date(data.get("appointmentDate"), "/appointmentDate"),
                date(data.get("terminationDate"), "/terminationDate"));
        }

        private UpdateCode update(JsonNode data) {
            checkFields(data, "", CODE_FIELDS);
            var changes = new HashMap<String, Object>();
            data.properties().forEach(field -> changes.put(field.getKey(), change(field.getKey(), field.getValue())));
            return new UpdateCode(changes);
        }

        private Object change(String name, JsonNode value) {
            if (value.isNull() && (name.equals("code") || name.equals("organization"))) {
                var message = name + " cannot change, so it cannot be cleared.";
                problems.add(new Problem("immutable-field", message, "/" + name));
                return null;
            }
            return switch (name) {
                case "code" -> text(value, "/code", CODE, CODE_TEXT);
                case "organization" -> reference(value, "/organization", REFERENCE_TEXT);
                case "roles" -> references(value, 1, ROLES_TEXT);
                case "description" -> description(value);
                case "branch" -> given(value) ? reference(value, "/branch", BRANCH_TEXT) : null;
                case "producerStatus" -> Objects.requireNonNullElse(status(value), "Active");
                case "appointmentDate", "terminationDate" -> date(value, "/" + name);
                default -> null;
            };
        }

        private AddCode add(JsonNode data, List<String> fields) {
            checkFields(data, "", fields);
            requireFields(data, Map.of("producerCode", REFERENCE_TEXT));
            var code = reference(data.get("producerCode"), "/producerCode", REFERENCE_TEXT);
            var roles = data.get("roles");
            return new AddCode(code, given(roles) ? references(roles, 0, SOME_ROLES_TEXT) : null);
        }

        private void checkFields(JsonNode object, String path, List<String> known) {
            object.fieldNames().forEachRemaining(name -> {
                if (!known.contains(name)) {
                    var message = nameOf(path + "/" + name) + " is not a field of " + command + "; allowed fields: "
                        + String.join(", ", known) + ".";
                    problems.add(new Problem("unknown-field", message, path + "/" + name));
                }
            });
        }

        private void requireFields(JsonNode data, Map<String, String> required) {
            required.forEach((name, description) -> {
                if (!data.has(name)) {
                    var message = name + " is missing: it must be " + description + ".";
                    problems.add(new Problem("invalid", message, "/" + name));
                }
            });
        }

        private String text(JsonNode node, String path, Pattern pattern, String description) {
            if (node == null) {
                return null;
            }
            if (node.isTextual() && pattern.matcher(node.textValue()).matches()) {
                return node.textValue();
            }
            invalid(path, description);
            return null;
        }

        private String reference(JsonNode node, String path, String description) {
            if (node == null) {
                return null;
            }
            if (!node.isObject()) {
                invalid(path, description);
                return null;
            }
            checkFields(node, path, List.of("id"));
            if (!node.has("id")) {
                var message = nameOf(path + "/id") + " is missing: it must be " + ID_TEXT + ".";
                problems.add(new Problem("invalid", message, path + "/id"));
            }
            return text(node.get("id"), path + "/id", RecordReader.ID, ID_TEXT);
        }

        private List<String> references(JsonNode node, int least, String description) {
            if (node == null) {
                return List.of();
            }
            if (!node.isArray() || node.size() < least || node.size() > MAX_ITEMS) {
                invalid("/roles", description);
                return List.of();
            }
            var ids = new ArrayList<String>(node.size());
            for (var index = 0; index < node.size(); index++) {
                ids.add(reference(node.get(index), "/roles/" + index, REFERENCE_TEXT));
            }
            return ids;
        }

        private String status(JsonNode node) {
            if (!given(node)) {
                return null;
            }
            if (!node.isObject()) {
                invalid("/producerStatus", STATUS_TEXT);
                return null;
            }
            checkFields(node, "/producerStatus", List.of("code", "name"));
            var code = node.path("code").textValue();
            if (code == null || !STATUSES.contains(code)) {
                invalid("/producerStatus/code", STATUSES_TEXT);
            } else if (node.has("name") && !code.equals(node.get("name").textValue())) {
                var message = "producerStatus.name must be the same as producerStatus.code.";
                problems.add(new Problem("invalid", message, "/producerStatus/name"));
            }
            return code;
        }

        private String description(JsonNode node) {
            if (!given(node)) {
                return null;
            }
            var text = node.textValue();
            if (text == null || text.codePointCount(0, text.length()) > 255) {
                invalid("/description", DESCRIPTION_TEXT);
            } else if (text.indexOf('\0') >= 0) {
                problems.add(new Problem("invalid", "description must not contain NUL.", "/description"));
            }
            return text;
        }

        private String date(JsonNode node, String path) {
            if (!given(node)) {
                return null;
            }
            try {
                var text = node.isTextual() ? node.textValue() : "";
                if (text.length() == 10 && LocalDate.parse(text).getYear() > 0) {
                    return text;
                }
            } catch (DateTimeParseException wrong) {
                // Reported like any other text that is not a date.
            }
            invalid(path, DATE_TEXT);
            return null;
        }

        void attribute(String name, String description) {
            problems.add(new Problem("invalid", name + " must be " + description + ".", name));
        }

        private void invalid(String path, String description) {
            problems.add(new Problem("invalid", nameOf(path) + " must be " + description + ".", path));
        }

        private static String nameOf(String path) {
            return path.substring(1).replaceAll("/(\\d+)", "[$1]").replace('/', '.');
        }

        private static boolean given(JsonNode node) {
            return node != null && !node.isNull();
        }
    }

    // State and rules

    record Organization(String status, boolean insurer) {}

    record Code(String id, String code, String organization, List<String> roles, String description, String branch,
            String status, String appointed, String terminated, int version) {
        boolean hasContentOf(Code other) {
            return code.equals(other.code) && organization.equals(other.organization) && roles.equals(other.roles)
                && Objects.equals(description, other.description) && Objects.equals(branch, other.branch)
                && status.equals(other.status) && Objects.equals(appointed, other.appointed)
                && Objects.equals(terminated, other.terminated);
        }
    }

    /** A group or user; a group is not code-secured, and always external. */
    static final class Owner {
        final String id;
        final String organization;
        final boolean external;
        final boolean secured;
        final int loadedVersion;
        int held;
        int heldForeign;
        int version;

        Owner(String id, String organization, boolean external, boolean secured, int held, int foreign, int version) {
            this.id = id;
            this.organization = organization;
            this.external = external;
            this.secured = secured;
            this.held = held;
            this.heldForeign = foreign;
            this.loadedVersion = version;
            this.version = version;
        }
    }

    record Holding(String owner, String codeId) implements Comparable<Holding> {
        @Override
        public int compareTo(Holding other) {
            var order = owner.compareTo(other.owner);
            return order == 0 ? codeId.compareTo(other.codeId) : order;
        }
    }

    record Association(String id, List<String> roles) {}

    record Event(String name, Noun noun, String subject, int version, Object data) {}

    record Decision(String status, Integer version, Event event, List<Problem> problems) {}

    /** The state that a batch reads and changes. */
    static final class World {
        final Map<String, Organization> organizations = new HashMap<>();
        final Set<String> branches = new HashSet<>();
        final Set<String> roles = new HashSet<>();
        final Map<String, Code> codes = new HashMap<>();
        final Map<String, Code> loadedCodes = new HashMap<>();
        final Map<String, String> codeIds = new HashMap<>();
        final Map<Noun, Map<String, Owner>> owners = Map.of(Noun.GROUP, new HashMap<>(), Noun.USER, new HashMap<>());
        final Map<Noun, Map<Holding, Association>> held =
            Map.of(Noun.GROUP, new HashMap<>(), Noun.USER, new HashMap<>());
        final Map<Noun, TreeMap<Holding, Association>> added =
            Map.of(Noun.GROUP, new TreeMap<>(), Noun.USER, new TreeMap<>());
        final TreeSet<String> changedCodes = new TreeSet<>();

        short usable(Code code) {
            var organization = organizations.get(code.organization());
            return (short) Math.min(level(code.status()), level(organization == null ? "" : organization.status()));
        }

        static int level(String status) {
            return status.equals("Active") ? 2 : status.equals("Limited") ? 1 : 0;
        }

        Integer version(Noun noun, String subject) {
            if (noun == Noun.CODE) {
                var code = codes.get(subject);
                return code == null ? null : Integer.valueOf(code.version());
            }
            var owner = owners.get(noun).get(subject);
            return owner == null ? null : Integer.valueOf(owner.version);
        }

        void put(Code code) {
            codes.put(code.id(), code);
            codeIds.put(code.code().toLowerCase(Locale.ROOT), code.id());
            changedCodes.add(code.id());
        }
    }

    /** The rules of the registry. A decision changes the world, so the next one sees it. */
    static final class Rules {
        private static final int MAX_ERRORS = 20;
        private final World world;
        private final Ids ids;

        Rules(World world, Ids ids) {
            this.world = world;
            this.ids = ids;
        }

        Decision decide(Received command) {
            var version = world.version(command.kind().noun, command.subject());
            if (!command.problems().isEmpty()) {
                return rejected(version, command.problems());
            }
            var expected = command.expected();
            if (expected != null && expected != (version == null ? 0 : version)
                    && (version != null || command.kind() == Kind.CREATE)) {
                return rejected(version, List.of(conflict(expected, version)));
            }
            var problems = new ArrayList<Problem>(0);
            var event = switch (command.kind()) {
                case CREATE -> create(command.subject(), (CreateCode) command.body(), problems);
                case UPDATE -> update(command.subject(), (UpdateCode) command.body(), problems);
                case GROUP_ADD -> addToGroup(command.subject(), ((AddCode) command.body()).codeId(), problems);
                case USER_ADD -> addToUser(command.subject(), (AddCode) command.body(), problems);
            };
            if (!problems.isEmpty()) {
                return rejected(version, problems);
            }
            return event == null ? new Decision("unchanged", version, null, List.of())
                : new Decision("accepted", event.version(), event, List.of());
        }

        private static Problem conflict(int expected, Integer version) {
            var actual = version == null ? "the subject does not exist" : "the current version is " + version;
            return new Problem("version-conflict", "Version " + expected + " was expected, but " + actual + ".",
                "expectedversion");
        }

        private static Decision rejected(Integer version, List<Problem> problems) {
            var sorted = new ArrayList<>(problems);
            sorted.sort(Comparator.comparing(Problem::path).thenComparing(Problem::code));
            return new Decision("rejected", version, null, sorted);
        }

        private Event create(String id, CreateCode body, List<Problem> problems) {
            var after = new Code(id, body.code(), body.organization(), set(body.roles()), body.description(),
                body.branch(), body.status(), body.appointed(), body.terminated(), 1);
            var state = world.codes.get(id);
            if (state != null) {
                if (!after.hasContentOf(state)) {
                    var message = "The producer code " + id + " already exists with different content.";
                    problems.add(new Problem("already-exists", message, "subject"));
                }
                return null;
            }
            if (!world.organizations.containsKey(after.organization())) {
                problems.add(notFound("/organization/id", "organization", after.organization()));
            }
            if (!id.equals(world.codeIds.getOrDefault(after.code().toLowerCase(Locale.ROOT), id))) {
                var message = "Another producer code has the code " + after.code() + ".";
                problems.add(new Problem("code-taken", message, "/code"));
            }
            checkRoles(body.roles(), problems);
            checkBranch(after.branch(), problems);
            checkDates(after, "/terminationDate", problems);
            return problems.isEmpty() ? created(after) : null;
        }

        private Event created(Code after) {
            world.put(after);
            var data = new CodeChange(CodeState.of(after), CodeState.CONTENT, Map.of());
            return new Event("producer-code.created", Noun.CODE, after.id(), after.version(), data);
        }

        private Event update(String id, UpdateCode body, List<Problem> problems) {
            var state = world.codes.get(id);
            if (state == null) {
                problems.add(new Problem("not-found", "There is no producer code " + id + ".", "subject"));
                return null;
            }
            var after = new Code(id, state.code(), state.organization(), set(body.get("roles", state.roles())),
                body.get("description", state.description()), body.get("branch", state.branch()),
                body.get("producerStatus", state.status()), body.get("appointmentDate", state.appointed()),
                body.get("terminationDate", state.terminated()), state.version() + 1);
            checkFixed(body, state, problems);
            if (body.changes().containsKey("roles")) {
                checkRoles(body.get("roles", List.of()), problems);
            }
            if (body.changes().containsKey("branch")) {
                checkBranch(after.branch(), problems);
            }
            var last = body.changes().containsKey("terminationDate");
            checkDates(after, last ? "/terminationDate" : "/appointmentDate", problems);
            return problems.isEmpty() && !after.hasContentOf(state) ? updated(state, after) : null;
        }

        private Event updated(Code before, Code after) {
            world.put(after);
            var old = CodeState.of(before).content();
            var previous = new LinkedHashMap<String, Object>();
            CodeState.of(after).content().forEach((name, value) -> {
                if (!Objects.equals(value, old.get(name))) {
                    previous.put(name, old.get(name));
                }
            });
            var data = new CodeChange(CodeState.of(after), List.copyOf(previous.keySet()), previous);
            return new Event("producer-code.updated", Noun.CODE, after.id(), after.version(), data);
        }

        private static void checkFixed(UpdateCode body, Code state, List<Problem> problems) {
            if (!state.code().equals(body.get("code", state.code()))) {
                problems.add(new Problem("immutable-field", "The code string cannot change.", "/code"));
            }
            if (!state.organization().equals(body.get("organization", state.organization()))) {
                var message = "The organization of a producer code cannot change.";
                problems.add(new Problem("immutable-field", message, "/organization/id"));
            }
        }

        private void checkRoles(List<String> roles, List<Problem> problems) {
            for (var index = 0; index < roles.size(); index++) {
                if (!world.roles.contains(roles.get(index))) {
                    problems.add(notFound("/roles/" + index + "/id", "role", roles.get(index)));
                }
            }
        }

        private void checkBranch(String branch, List<Problem> problems) {
            if (branch != null && !world.branches.contains(branch)) {
                problems.add(notFound("/branch/id", "branch", branch));
            }
        }

        private static void checkDates(Code code, String path, List<Problem> problems) {
            // Dates of this format compare as texts.
            if (code.appointed() != null && code.terminated() != null
                    && code.appointed().compareTo(code.terminated()) > 0) {
                problems.add(new Problem("invalid", "The appointment date is after the termination date.", path));
            }
        }

        private Event addToGroup(String id, String codeId, List<Problem> problems) {
            var group = world.owners.get(Noun.GROUP).get(id);
            var code = world.codes.get(codeId);
            if (group == null || code == null) {
                problems.add(missing(Noun.GROUP, id, group, codeId));
                return null;
            }
            if (world.held.get(Noun.GROUP).containsKey(new Holding(id, codeId))) {
                return null;
            }
            var organization = world.organizations.get(group.organization);
            if (isForeign(code, group) && (organization == null || !organization.insurer())) {
                problems.add(otherOrganization(code, "a group of an organization that is not an insurer"));
                return null;
            }
            var association = new Association(ids.association(Noun.GROUP, id, codeId), null);
            hold(Noun.GROUP, group, code, association);
            var data = new GroupChange(
                new GroupProducerCode(association.id(), new Ref(id), new CodeRef(codeId, code.code())));
            return new Event("group.producer-code-added", Noun.GROUP, id, group.version, data);
        }

        private Event addToUser(String id, AddCode body, List<Problem> problems) {
            var user = world.owners.get(Noun.USER).get(id);
            if (user == null) {
                problems.add(missing(Noun.USER, id, null, body.codeId()));
                return null;
            }
            var code = world.codes.get(body.codeId());
            checkUserRoles(body, code, problems);
            if (!problems.isEmpty()) {
                return null;
            }
            var roles = body.roles() == null ? code.roles() : set(body.roles());
            var held = world.held.get(Noun.USER).get(new Holding(id, code.id()));
            if (held != null) {
                checkHeldRoles(id, held, code, roles, problems);
                return null;
            }
            checkUser(user, code, problems);
            return problems.isEmpty() ? addedToUser(user, code, roles) : null;
        }

        private Event addedToUser(Owner user, Code code, List<String> roles) {
            var association = new Association(ids.association(Noun.USER, user.id, code.id()), roles);
            hold(Noun.USER, user, code, association);
            var data = new UserChange(new UserProducerCode(
                association.id(), new Ref(user.id), new CodeRef(code.id(), code.code()), Ref.all(roles)));
            return new Event("user.producer-code-added", Noun.USER, user.id, user.version, data);
        }

        private void checkUserRoles(AddCode body, Code code, List<Problem> problems) {
            if (code == null) {
                problems.add(notFound("/producerCode/id", "producer code", body.codeId()));
            }
            if (body.roles() != null) {
                checkRoles(body.roles(), problems);
            }
            for (var index = 0; code != null && body.roles() != null && index < body.roles().size(); index++) {
                var role = body.roles().get(index);
                if (world.roles.contains(role) && !code.roles().contains(role)) {
                    var message = "Producer code " + code.id() + " does not have the role " + role + ".";
                    problems.add(new Problem("invalid", message, "/roles/" + index + "/id"));
                }
            }
        }

        private static void checkHeldRoles(String user, Association held, Code code, List<String> roles,
                List<Problem> problems) {
            var effective = held.roles().stream().filter(code.roles()::contains).toList();
            if (!effective.equals(roles)) {
                var message = "User " + user + " already holds producer code " + code.id() + " with different roles.";
                problems.add(new Problem("already-exists", message, "/roles"));
            }
        }

        private static void checkUser(Owner user, Code code, List<Problem> problems) {
            if (!user.secured) {
                var message = "User " + user.id + " is not subject to producer code security.";
                problems.add(new Problem("not-code-secured", message, "subject"));
            }
            if (isForeign(code, user) && user.external) {
                problems.add(otherOrganization(code, "an external user"));
            }
        }

        private void hold(Noun noun, Owner owner, Code code, Association association) {
            var key = new Holding(owner.id, code.id());
            world.held.get(noun).put(key, association);
            world.added.get(noun).put(key, association);
            owner.held++;
            owner.heldForeign += isForeign(code, owner) ? 1 : 0;
            owner.version++;
        }

        private static boolean isForeign(Code code, Owner owner) {
            return !code.organization().equals(owner.organization);
        }

        private static Problem missing(Noun noun, String id, Owner owner, String codeId) {
            return owner == null ? new Problem("not-found", "There is no " + noun.text + " " + id + ".", "subject")
                : notFound("/producerCode/id", "producer code", codeId);
        }

        private static Problem notFound(String path, String noun, String id) {
            return new Problem("reference-not-found", "There is no " + noun + " " + id + ".", path);
        }

        private static Problem otherOrganization(Code code, String holder) {
            var message = "Producer code " + code.id() + " belongs to another organization; " + holder
                + " may not hold it.";
            return new Problem("other-organization", message, "/producerCode/id");
        }

        private static List<String> set(List<String> texts) {
            return texts.size() < 2 ? texts : List.copyOf(new TreeSet<>(texts));
        }
    }

    // Data of messages; the order of the components is the order in JSON.

    record Ref(String id) {
        static List<Ref> all(List<String> ids) {
            return ids.stream().map(Ref::new).toList();
        }
    }

    record StatusWord(String code, String name) {}

    record CodeRef(String id, String code) {}

    record CodeState(String id, String code, Ref organization, List<Ref> roles, String description, Ref branch,
            StatusWord producerStatus, String appointmentDate, String terminationDate, int version) {
        static final List<String> CONTENT = BodyReader.CODE_FIELDS;

        static CodeState of(Code c) {
            return new CodeState(c.id(), c.code(), new Ref(c.organization()), Ref.all(c.roles()), c.description(),
                c.branch() == null ? null : new Ref(c.branch()), new StatusWord(c.status(), c.status()),
                c.appointed(), c.terminated(), c.version());
        }

        Map<String, Object> content() {
            var values = Arrays.asList(code, organization, roles, description, branch, producerStatus,
                appointmentDate, terminationDate);
            var content = new LinkedHashMap<String, Object>();
            for (var index = 0; index < CONTENT.size(); index++) {
                content.put(CONTENT.get(index), values.get(index));
            }
            return content;
        }
    }

    record CodeChange(CodeState producerCode, List<String> changed, Map<String, Object> previous) {}

    record GroupProducerCode(String id, Ref group, CodeRef producerCode) {}

    record GroupChange(GroupProducerCode groupProducerCode) {}

    record UserProducerCode(String id, Ref user, CodeRef producerCode, List<Ref> roles) {}

    record UserChange(UserProducerCode userProducerCode) {}

    record CommandRef(String source, String id, String type) {}

    record ProblemData(String code, String title, List<Problem> errors,
        @JsonInclude(JsonInclude.Include.NON_NULL) Integer more) {
        private static final Map<String, String> TITLES = Map.of(
            "invalid", "The command is invalid",
            "unknown-field", "The command has an unknown field",
            "not-found", "The subject does not exist",
            "reference-not-found", "The command refers to an entity that does not exist",
            "already-exists", "The subject already exists with different content",
            "code-taken", "Another producer code has the same code",
            "immutable-field", "The command changes an immutable field",
            "other-organization", "The command relates entities of different organizations",
            "not-code-secured", "The user is not subject to producer code security",
            "version-conflict", "The subject does not have the expected version");

        static ProblemData of(List<Problem> all) {
            var code = all.get(0).code();
            var more = all.size() - Rules.MAX_ERRORS;
            return new ProblemData(code, TITLES.get(code), all.subList(0, Math.min(all.size(), Rules.MAX_ERRORS)),
                more > 0 ? more : null);
        }
    }

    record Outcome(CommandRef command, String subject, Integer version, List<String> events,
        @JsonInclude(JsonInclude.Include.NON_NULL) ProblemData problem) {}

    record Message(long position, String topic, byte[] key, List<Header> headers, byte[] payload) {}

    /** The first outcome of a command, which is sent again for a duplicate. */
    record Known(String status, String subject, Integer version, byte[] outcome, long decidedAt) {}

    record InboxRow(Identity identity, Known known) {}

    /** Ids that are derived: UUIDv5, as in the contract of the registry. */
    static final class Ids {
        private static final byte[] NAMESPACE = HexFormat.of().parseHex("6f1d5bb2c1a84e0e9d0b5a7c3f2e4d19");
        private final MessageDigest sha1;

        Ids() {
            try {
                sha1 = MessageDigest.getInstance("SHA-1");
            } catch (NoSuchAlgorithmException missing) {
                throw new IllegalStateException(missing);
            }
        }

        String createdSubject(String source, String id) {
            return derived("subject\u001f" + withLength(source) + id, null);
        }

        String association(Noun noun, String owner, String code) {
            return derived("association\u001f" + noun.wire + "\u001f" + owner + "\u001f" + code, null);
        }

        String message(Identity cause, String type, String subject, Integer version, byte[] data) {
            var name = "message\u001f" + withLength(cause.topic()) + withLength(cause.source())
                + withLength(cause.id()) + type + "\u001f" + withLength(subject)
                + (version == null ? "None" : version.toString()) + "\u001f";
            return derived(name, data);
        }

        private static String withLength(String text) {
            return text.codePointCount(0, text.length()) + "\u001f" + text + "\u001f";
        }

        private String derived(String name, byte[] data) {
            sha1.update(NAMESPACE);
            sha1.update(name.getBytes(UTF_8));
            if (data != null) {
                sha1.update(data);
            }
            var bytes = ByteBuffer.wrap(sha1.digest());
            var high = bytes.getLong() & 0xffffffffffff0fffL | 0x5000L;
            var low = bytes.getLong() & 0x3fffffffffffffffL | 0x8000000000000000L;
            return new UUID(high, low).toString();
        }
    }

    /** Makes the messages of a batch: an event, if there is one, and an outcome for each command. */
    static final class Writer {
        private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);
        private static final Header REPLAYED = header("ce_replayed", "true");

        final List<Message> messages = new ArrayList<>(2 * BATCH);
        private final Settings settings;
        private final Ids ids;
        private final long block;
        private final long decidedAt;
        private final Header time;
        private final Map<String, List<Header>> constant;

        Writer(Settings settings, Ids ids, long block, long decidedAt, Map<String, List<Header>> constant) {
            this.settings = settings;
            this.ids = ids;
            this.block = block;
            this.decidedAt = decidedAt;
            this.time = header("ce_time", stamp(decidedAt));
            this.constant = constant;
        }

        /** Return the outcome, for the inbox. */
        Known decided(Received command, Decision decision) throws JsonProcessingException {
            var events = new ArrayList<String>(1);
            var event = decision.event();
            if (event != null) {
                events.add(event(command, event));
            }
            var identity = command.identity();
            var subject = command.subject().isEmpty() ? null : command.subject();
            var problem = decision.problems().isEmpty() ? null : ProblemData.of(decision.problems());
            var outcome = JSON.writeValueAsBytes(new Outcome(
                new CommandRef(identity.source(), identity.id(), command.kind().type), subject, decision.version(),
                events, problem));
            var known = new Known(decision.status(), command.subject(), decision.version(), outcome, decidedAt);
            outcome(command, known, time, false);
            return known;
        }

        void repeated(Received command, Known known) {
            outcome(command, known, header("ce_time", stamp(known.decidedAt())), true);
        }

        void deadLetter(Received received) {
            var record = received.record();
            var headers = new ArrayList<Header>(List.of(record.headers().toArray()));
            headers.add(header("__connect.errors.topic", record.topic()));
            headers.add(header("__connect.errors.partition", Integer.toString(record.partition())));
            headers.add(header("__connect.errors.offset", Long.toString(record.offset())));
            headers.add(header("__connect.errors.exception.message", received.refused().getMessage()));
            headers.add(header("dlq_reason", received.refused().reason));
            headers.add(header("dlq_failed_at", stamp(decidedAt)));
            messages.add(new Message(next(), settings.topic("dead-letters"), record.key(), headers, record.value()));
        }

        private String event(Received command, Event event) throws JsonProcessingException {
            var data = JSON.writeValueAsBytes(event.data());
            var id = ids.message(command.identity(), wireType(event.name()), event.subject(), event.version(), data);
            var key = event.subject().getBytes(UTF_8);
            var headers = headers(event.name(), id, event.subject(), event.subject(), time, event.version(), command);
            messages.add(
                new Message(next(), settings.topic(event.noun().wire + ".events"), key, headers, data));
            return id;
        }

        private void outcome(Received command, Known known, Header decided, boolean replayed) {
            var name = "command." + known.status();
            var id = ids.message(
                command.identity(), wireType(name), known.subject(), known.version(), known.outcome());
            var key = command.record().key();
            var headers = headers(name, id, known.subject(), text(key), decided, known.version(), command);
            if (replayed) {
                headers.add(REPLAYED);
            }
            messages.add(new Message(next(), settings.topic("command.outcomes"), key, headers, known.outcome()));
        }

        private List<Header> headers(String name, String id, String subject, String key, Header decided,
                Integer version, Received command) {
            var headers = new ArrayList<Header>(14);
            headers.addAll(constant.get(name));
            headers.add(header("ce_id", id));
            headers.add(header("ce_sequence", padded(next())));
            if (!subject.isEmpty()) {
                headers.add(header("ce_subject", subject));
            }
            if (key != null && !key.isEmpty()) {
                headers.add(header("ce_partitionkey", key));
            }
            headers.add(decided);
            if (version != null) {
                headers.add(header("ce_entityversion", version.toString()));
            }
            headers.add(header("ce_causationid", command.identity().id()));
            for (var carried : List.of("correlationid", "traceparent", "tracestate")) {
                var value = command.attributes().get(carried);
                if (value != null) {
                    headers.add(header("ce_" + carried, value));
                }
            }
            return headers;
        }

        /** The position of the next message. */
        private long next() {
            return block * BLOCK + messages.size();
        }

        static Map<String, List<Header>> constantHeaders(Map<String, String> schemas) {
            var all = new HashMap<String, List<Header>>();
            schemas.forEach((name, schema) -> all.put(name, List.of(header("content-type", "application/json"),
                header("ce_specversion", "1.0"), header("ce_source", "/producer-registry"),
                header("ce_type", wireType(name)), header("ce_dataschema", schema))));
            return all;
        }

        private static Header header(String name, String value) {
            return new RecordHeader(name, value.getBytes(UTF_8));
        }

        private static String padded(long position) {
            var digits = Long.toString(position);
            return "0".repeat(20 - digits.length()) + digits;
        }

        private static String text(byte[] key) {
            if (key == null) {
                return null;
            }
            var text = new String(key, UTF_8);
            return text.indexOf('\uFFFD') < 0 || Arrays.equals(text.getBytes(UTF_8), key) ? text : null;
        }

        private static String stamp(long microseconds) {
            return STAMP.format(Instant.ofEpochSecond(microseconds / 1_000_000, microseconds % 1_000_000 * 1_000));
        }
    }

    /** Decides a batch in one transaction. */
    static final class Service {
        private final Settings settings;
        private final Store store;
        private final Ids ids = new Ids();
        private final RecordReader reader = new RecordReader(ids);
        private final Map<String, List<Header>> constant;

        Service(Settings settings, Store store) {
            this.settings = settings;
            this.store = store;
            this.constant = Writer.constantHeaders(settings.schemas());
        }

        /** Return the messages of the batch, which are in the outbox. */
        List<Message> apply(List<ConsumerRecord<byte[], byte[]>> records) throws SQLException, IOException {
            var received = records.stream().map(reader::read).toList();
            var commands = received.stream().filter(one -> one.refused() == null).toList();
            store.begin();
            var known = store.known(commands);
            var fresh = commands.stream().filter(one -> !known.containsKey(one.identity())).toList();
            var world = store.load(fresh);
            var stamp = store.takeBlock();
            var writer = new Writer(settings, ids, stamp.block(), stamp.decidedAt(), constant);
            var inbox = answer(received, known, new Rules(world, ids), writer);
            store.save(world);
            store.remember(inbox);
            store.add(writer.messages);
            store.commit();
            return writer.messages;
        }

        private static List<InboxRow> answer(List<Received> received, Map<Identity, Known> known, Rules rules,
                Writer writer) throws JsonProcessingException {
            var inbox = new ArrayList<InboxRow>(received.size());
            for (var one : received) {
                if (one.refused() != null) {
                    writer.deadLetter(one);
                } else if (known.containsKey(one.identity())) {
                    writer.repeated(one, known.get(one.identity()));
                } else {
                    // A duplicate may be in the same batch.
                    var answered = writer.decided(one, rules.decide(one));
                    known.put(one.identity(), answered);
                    inbox.add(new InboxRow(one.identity(), answered));
                }
            }
            return inbox;
        }
    }

    // PostgreSQL

    /** The session with PostgreSQL. */
    static final class Store implements AutoCloseable {
        // The number of the registry's locks, and a number that the registry does not use.
        private static final String WAIT = "SELECT pg_advisory_lock(1347374914, 100)";
        private static final String SHARE = "SELECT pg_advisory_xact_lock_shared(1347374914, 1)";
        // The keys and outcomes that the registry packs are texts here.
        private static final String INBOX = """
            CREATE TABLE IF NOT EXISTS peer_inbox (
                source text COLLATE "C" NOT NULL, command_id text COLLATE "C" NOT NULL, topic text COLLATE "C" NOT NULL,
                status text COLLATE "C" NOT NULL, subject text COLLATE "C" NOT NULL, outcome bytea NOT NULL,
                decided_at timestamptz NOT NULL, PRIMARY KEY (source, command_id, topic)
            )""";
        private static final String OUTBOX = """
            CREATE TABLE IF NOT EXISTS peer_outbox (
                position bigint PRIMARY KEY, topic text NOT NULL, key bytea, headers bytea NOT NULL, payload bytea
            ) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000)""";
        private static final String REST =
            "SELECT position, topic, key, headers, payload FROM peer_outbox ORDER BY position LIMIT " + BATCH;
        private static final String DISCARD = "DELETE FROM peer_outbox WHERE position BETWEEN ? AND ?";
        private static final String TAKE_BLOCK =
            "SELECT nextval('outbox_block'), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        private static final String KNOWN = """
            SELECT i.source, i.command_id, i.topic, i.status, i.subject, i.outcome,
                   (extract(epoch FROM i.decided_at) * 1000000)::bigint
            FROM unnest(?::text[], ?::text[], ?::text[]) AS n (source, command_id, topic)
            JOIN peer_inbox AS i ON i.source = n.source AND i.command_id = n.command_id AND i.topic = n.topic""";
        private static final String CODES = """
            SELECT id, code, organization_id, role_ids, description, branch_id, status, appointment_date::text,
                   termination_date::text, version
            FROM producer_code WHERE id = ANY(?) OR lower(code) = ANY(?) ORDER BY id FOR NO KEY UPDATE""";
        private static final String GROUPS = """
            SELECT id, organization_id, true, false, 0, held_foreign, version
            FROM registry_group WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE""";
        private static final String USERS = """
            SELECT id, organization_id, external_user, code_secured, held, held_foreign, version
            FROM registry_user WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE""";
        private static final String DIRECTORY = """
            SELECT 'organization', id, status, insurer FROM organization WHERE id = ANY(?)
            UNION ALL SELECT 'branch', id, '', false FROM branch WHERE id = ANY(?)
            UNION ALL SELECT 'role', id, '', false FROM role WHERE id = ANY(?)""";
        private static final String GROUPS_HOLD = """
            SELECT a.group_id, a.code_id, a.id::text, NULL::text[] FROM unnest(?::text[], ?::text[]) AS n (owner, code)
            JOIN group_producer_code AS a ON a.group_id = n.owner AND a.code_id = n.code""";
        private static final String USERS_HOLD = """
            SELECT a.user_id, a.code_id, a.id::text, a.role_ids FROM unnest(?::text[], ?::text[]) AS n (owner, code)
            JOIN user_producer_code AS a ON a.user_id = n.owner AND a.code_id = n.code""";
        private static final String UPDATE_CODES = """
            UPDATE producer_code AS t
            SET version = n.version, role_ids = string_to_array(n.roles, ','), description = n.description,
                branch_id = n.branch, status = n.status, appointment_date = n.appointed,
                termination_date = n.terminated, usable = n.usable
            FROM unnest(?::text[], ?::integer[], ?::text[], ?::text[], ?::text[], ?::text[], ?::date[], ?::date[],
                        ?::smallint[])
                AS n (id, version, roles, description, branch, status, appointed, terminated, usable)
            WHERE t.id = n.id""";
        private static final String UPDATE_GROUPS = """
            UPDATE registry_group AS t SET version = n.version, held_foreign = n.held_foreign
            FROM unnest(?::text[], ?::integer[], ?::integer[], ?::integer[]) AS n (id, version, held, held_foreign)
            WHERE t.id = n.id""";
        private static final String UPDATE_USERS = """
            UPDATE registry_user AS t SET version = n.version, held = n.held, held_foreign = n.held_foreign
            FROM unnest(?::text[], ?::integer[], ?::integer[], ?::integer[]) AS n (id, version, held, held_foreign)
            WHERE t.id = n.id""";
        private static final String UPDATE_HELD = """
            WITH n AS MATERIALIZED (
                SELECT * FROM unnest(?::text[], ?::smallint[], ?::date[], ?::date[])
                    AS n (code_id, usable, appointed, terminated)
            ), of_users AS (
                UPDATE user_producer_code AS a
                SET usable = n.usable, appointment_date = n.appointed, termination_date = n.terminated
                FROM n WHERE a.code_id = n.code_id
            )
            UPDATE group_producer_code AS a
            SET usable = n.usable, appointment_date = n.appointed, termination_date = n.terminated
            FROM n WHERE a.code_id = n.code_id""";
        private static final String COPY_CODES = "COPY producer_code (id, code, organization_id, role_ids, "
            + "description, branch_id, status, appointment_date, termination_date, usable, version)";
        private static final String COPY_GROUPS_HOLD =
            "COPY group_producer_code (group_id, code_id, id, code, usable, appointment_date, termination_date)";
        private static final String COPY_USERS_HOLD = "COPY user_producer_code "
            + "(user_id, code_id, id, role_ids, code, usable, appointment_date, termination_date)";
        private static final String COPY_INBOX =
            "COPY peer_inbox (source, command_id, topic, status, subject, outcome, decided_at)";
        private static final String COPY_OUTBOX = "COPY peer_outbox (position, topic, key, headers, payload)";

        record Stamp(long block, long decidedAt) {}

        private final Connection connection;
        private final CopyManager copy;
        private final Map<String, PreparedStatement> prepared = new HashMap<>();

        Store(Settings settings) throws SQLException {
            connection = DriverManager.getConnection(url(settings.database()), properties(settings.database()));
            copy = connection.unwrap(PGConnection.class).getCopyAPI();
        }

        private static String url(String database) {
            var address = URI.create(database);
            return "jdbc:postgresql://" + address.getHost() + ":" + address.getPort() + address.getPath();
        }

        private static Properties properties(String database) {
            var user = URI.create(database).getUserInfo();
            var properties = new Properties();
            properties.setProperty("user", user.substring(0, user.indexOf(':')));
            properties.setProperty("password", user.substring(user.indexOf(':') + 1));
            properties.setProperty("prepareThreshold", "1");
            // Rows are read by lists of keys, always by index; a plan from a nearly empty table would not.
            properties.setProperty("options",
                "-c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off");
            return properties;
        }

        void waitUntilActive() throws SQLException {
            try (var statement = connection.createStatement()) {
                statement.execute(WAIT);
                statement.execute(INBOX);
                statement.execute(OUTBOX);
            }
        }

        void begin() throws SQLException {
            connection.setAutoCommit(false);
            statement(SHARE).execute();
        }

        void commit() throws SQLException {
            connection.commit();
            connection.setAutoCommit(true);
        }

        Map<Identity, Known> known(List<Received> commands) throws SQLException, IOException {
            var known = new HashMap<Identity, Known>();
            var statement = statement(KNOWN);
            setTexts(statement, 1, commands, one -> one.identity().source());
            setTexts(statement, 2, commands, one -> one.identity().id());
            setTexts(statement, 3, commands, one -> one.identity().topic());
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    var outcome = rows.getBytes(6);
                    var version = JSON.readTree(outcome).get("version");
                    known.put(new Identity(rows.getString(1), rows.getString(2), rows.getString(3)),
                        new Known(rows.getString(4), rows.getString(5), version.isNull() ? null : version.intValue(),
                            outcome, rows.getLong(7)));
                }
            }
            return known;
        }

        /** Read and lock what the decisions need, in the order of all writers: groups, users, codes. */
        World load(List<Received> commands) throws SQLException {
            var needs = new Needs();
            commands.forEach(needs::add);
            var world = new World();
            loadOwners(GROUPS, needs.owners.get(Noun.GROUP), world.owners.get(Noun.GROUP));
            loadOwners(USERS, needs.owners.get(Noun.USER), world.owners.get(Noun.USER));
            loadCodes(needs, world);
            world.codes.values().forEach(code -> needs.organizations.add(code.organization()));
            world.owners.values().forEach(
                owners -> owners.values().forEach(owner -> needs.organizations.add(owner.organization)));
            loadDirectory(needs, world);
            loadHeld(GROUPS_HOLD, needs.holdings.get(Noun.GROUP), world.held.get(Noun.GROUP));
            loadHeld(USERS_HOLD, needs.holdings.get(Noun.USER), world.held.get(Noun.USER));
            return world;
        }

        private void loadOwners(String query, Set<String> ids, Map<String, Owner> owners) throws SQLException {
            if (ids.isEmpty()) {
                return;
            }
            var statement = statement(query);
            statement.setArray(1, texts(ids));
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    owners.put(rows.getString(1), new Owner(rows.getString(1), rows.getString(2), rows.getBoolean(3),
                        rows.getBoolean(4), rows.getInt(5), rows.getInt(6), rows.getInt(7)));
                }
            }
        }

        private void loadCodes(Needs needs, World world) throws SQLException {
            var statement = statement(CODES);
            statement.setArray(1, texts(needs.codes));
            statement.setArray(2, texts(needs.codeStrings));
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    var code = new Code(rows.getString(1), rows.getString(2), rows.getString(3), list(rows, 4),
                        rows.getString(5), rows.getString(6), rows.getString(7), rows.getString(8), rows.getString(9),
                        rows.getInt(10));
                    world.codes.put(code.id(), code);
                    world.loadedCodes.put(code.id(), code);
                    world.codeIds.put(code.code().toLowerCase(Locale.ROOT), code.id());
                }
            }
        }

        private void loadDirectory(Needs needs, World world) throws SQLException {
            var statement = statement(DIRECTORY);
            statement.setArray(1, texts(needs.organizations));
            statement.setArray(2, texts(needs.branches));
            statement.setArray(3, texts(needs.roles));
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    var id = rows.getString(2);
                    switch (rows.getString(1)) {
                        case "organization" ->
                            world.organizations.put(id, new Organization(rows.getString(3), rows.getBoolean(4)));
                        case "branch" -> world.branches.add(id);
                        default -> world.roles.add(id);
                    }
                }
            }
        }

        private void loadHeld(String query, Set<Holding> holdings, Map<Holding, Association> held)
                throws SQLException {
            if (holdings.isEmpty()) {
                return;
            }
            var statement = statement(query);
            setTexts(statement, 1, holdings, Holding::owner);
            setTexts(statement, 2, holdings, Holding::codeId);
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    held.put(new Holding(rows.getString(1), rows.getString(2)),
                        new Association(rows.getString(3), list(rows, 4)));
                }
            }
        }

        /** Take a block of positions after the locks, so that the positions of a subject rise. */
        Stamp takeBlock() throws SQLException {
            try (var rows = statement(TAKE_BLOCK).executeQuery()) {
                rows.next();
                return new Stamp(rows.getLong(1), rows.getLong(2));
            }
        }

        void save(World world) throws SQLException, IOException {
            var changed = world.changedCodes.stream().map(world.codes::get).toList();
            var before = world.loadedCodes;
            copyCodes(changed.stream().filter(code -> !before.containsKey(code.id())).toList(), world);
            updateCodes(changed.stream().filter(code -> before.containsKey(code.id())).toList(), world);
            updateOwners(UPDATE_GROUPS, world.owners.get(Noun.GROUP).values());
            updateOwners(UPDATE_USERS, world.owners.get(Noun.USER).values());
            copyHeld(COPY_GROUPS_HOLD, Noun.GROUP, world);
            copyHeld(COPY_USERS_HOLD, Noun.USER, world);
            updateHeld(changed.stream().filter(code -> isShownOtherwise(code, before.get(code.id()))).toList(), world);
        }

        private static boolean isShownOtherwise(Code code, Code before) {
            return before != null && (World.level(code.status()) != World.level(before.status())
                || !Objects.equals(code.appointed(), before.appointed())
                || !Objects.equals(code.terminated(), before.terminated()));
        }

        private void copyCodes(List<Code> codes, World world) throws SQLException, IOException {
            var rows = new CopyRows();
            for (var c : codes) {
                rows.row(11).text(c.id()).text(c.code()).text(c.organization()).texts(c.roles())
                    .text(c.description()).text(c.branch()).text(c.status()).date(c.appointed()).date(c.terminated())
                    .int2(world.usable(c)).int4(c.version());
            }
            write(COPY_CODES, codes.size(), rows);
        }

        private void updateCodes(List<Code> codes, World world) throws SQLException {
            if (codes.isEmpty()) {
                return;
            }
            var statement = statement(UPDATE_CODES);
            setTexts(statement, 1, codes, Code::id);
            set(statement, 2, "int4", codes, Code::version);
            setTexts(statement, 3, codes, code -> String.join(",", code.roles()));
            setTexts(statement, 4, codes, Code::description);
            setTexts(statement, 5, codes, Code::branch);
            setTexts(statement, 6, codes, Code::status);
            set(statement, 7, "date", codes, Code::appointed);
            set(statement, 8, "date", codes, Code::terminated);
            set(statement, 9, "int2", codes, world::usable);
            statement.executeUpdate();
        }

        private void updateOwners(String query, Collection<Owner> all) throws SQLException {
            var owners = all.stream().filter(owner -> owner.version != owner.loadedVersion)
                .sorted(Comparator.comparing(owner -> owner.id)).toList();
            if (owners.isEmpty()) {
                return;
            }
            var statement = statement(query);
            setTexts(statement, 1, owners, owner -> owner.id);
            set(statement, 2, "int4", owners, owner -> owner.version);
            set(statement, 3, "int4", owners, owner -> owner.held);
            set(statement, 4, "int4", owners, owner -> owner.heldForeign);
            statement.executeUpdate();
        }

        private void copyHeld(String query, Noun noun, World world) throws SQLException, IOException {
            var added = world.added.get(noun);
            var rows = new CopyRows();
            added.forEach((key, association) -> {
                var code = world.codes.get(key.codeId());
                rows.row(noun == Noun.USER ? 8 : 7).text(key.owner()).text(key.codeId()).uuid(association.id());
                if (noun == Noun.USER) {
                    rows.texts(association.roles());
                }
                rows.text(code.code()).int2(world.usable(code)).date(code.appointed()).date(code.terminated());
            });
            write(query, added.size(), rows);
        }

        /** Update the associations that repeat the usability or the dates of a code. */
        private void updateHeld(List<Code> codes, World world) throws SQLException {
            if (codes.isEmpty()) {
                return;
            }
            var statement = statement(UPDATE_HELD);
            setTexts(statement, 1, codes, Code::id);
            set(statement, 2, "int2", codes, world::usable);
            set(statement, 3, "date", codes, Code::appointed);
            set(statement, 4, "date", codes, Code::terminated);
            statement.executeUpdate();
        }

        void remember(List<InboxRow> inbox) throws SQLException, IOException {
            inbox.sort(Comparator.comparing(InboxRow::identity));
            var rows = new CopyRows();
            for (var one : inbox) {
                var known = one.known();
                rows.row(7).text(one.identity().source()).text(one.identity().id()).text(one.identity().topic())
                    .text(known.status()).text(known.subject()).bytes(known.outcome()).time(known.decidedAt());
            }
            write(COPY_INBOX, inbox.size(), rows);
        }

        void add(List<Message> messages) throws SQLException, IOException {
            var rows = new CopyRows();
            for (var one : messages) {
                rows.row(5).int8(one.position()).text(one.topic()).bytes(one.key()).bytes(Headers.write(one.headers()))
                    .bytes(one.payload());
            }
            write(COPY_OUTBOX, messages.size(), rows);
        }

        /** Delete published messages. */
        void discard(long first, long last) throws SQLException {
            var statement = statement(DISCARD);
            statement.setLong(1, first);
            statement.setLong(2, last);
            statement.executeUpdate();
        }

        List<Message> rest() throws SQLException {
            var messages = new ArrayList<Message>();
            try (var rows = statement(REST).executeQuery()) {
                while (rows.next()) {
                    messages.add(new Message(rows.getLong(1), rows.getString(2), rows.getBytes(3),
                        Headers.read(rows.getBytes(4)), rows.getBytes(5)));
                }
            }
            return messages;
        }

        private void write(String query, int count, CopyRows rows) throws SQLException, IOException {
            if (count > 0) {
                copy.copyIn(query + " FROM STDIN (FORMAT binary)", rows.end(), 1 << 16); // codespell:ignore copyin
            }
        }

        private PreparedStatement statement(String query) throws SQLException {
            var statement = prepared.get(query);
            if (statement == null) {
                statement = connection.prepareStatement(query);
                prepared.put(query, statement);
            }
            return statement;
        }

        private Array texts(Collection<String> texts) throws SQLException {
            return connection.createArrayOf("text", texts.toArray());
        }

        private <T> void setTexts(PreparedStatement statement, int index, Collection<T> all,
                Function<T, String> column) throws SQLException {
            set(statement, index, "text", all, column);
        }

        private <T> void set(PreparedStatement statement, int index, String type, Collection<T> all,
                Function<T, ?> column) throws SQLException {
            statement.setArray(index, connection.createArrayOf(type, all.stream().map(column).toArray()));
        }

        private static List<String> list(ResultSet rows, int column) throws SQLException {
            var array = rows.getArray(column);
            return array == null ? null : List.of((String[]) array.getArray());
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }

    /** The keys of all state that the decisions on a batch may read, sorted, so that writers cannot deadlock. */
    static final class Needs {
        final Set<String> codes = new TreeSet<>();
        final Set<String> codeStrings = new TreeSet<>();
        final Set<String> organizations = new TreeSet<>();
        final Set<String> branches = new TreeSet<>();
        final Set<String> roles = new TreeSet<>();
        final Map<Noun, Set<String>> owners = Map.of(Noun.GROUP, new TreeSet<>(), Noun.USER, new TreeSet<>());
        final Map<Noun, Set<Holding>> holdings = Map.of(Noun.GROUP, new TreeSet<>(), Noun.USER, new TreeSet<>());

        void add(Received command) {
            var noun = command.kind().noun;
            (noun == Noun.CODE ? codes : owners.get(noun)).add(command.subject());
            if (!command.problems().isEmpty()) {
                return;
            }
            if (command.body() instanceof CreateCode body) {
                codeStrings.add(body.code().toLowerCase(Locale.ROOT));
                organizations.add(body.organization());
                roles.addAll(body.roles());
                addIfGiven(branches, body.branch());
            } else if (command.body() instanceof UpdateCode body) {
                roles.addAll(body.get("roles", List.of()));
                addIfGiven(branches, body.get("branch", null));
            } else if (command.body() instanceof AddCode body) {
                codes.add(body.codeId());
                holdings.get(noun).add(new Holding(command.subject(), body.codeId()));
                roles.addAll(Objects.requireNonNullElse(body.roles(), List.of()));
            }
        }

        private static void addIfGiven(Set<String> ids, String id) {
            if (id != null) {
                ids.add(id);
            }
        }
    }

    /** The headers of a message in a column: names and values, each behind its length; -1 is null. */
    static final class Headers {
        static byte[] write(List<Header> headers) {
            var rows = new CopyRows(512);
            for (var header : headers) {
                rows.text(header.key()).bytes(header.value());
            }
            return rows.written();
        }

        static List<Header> read(byte[] bytes) {
            var buffer = ByteBuffer.wrap(bytes);
            var headers = new ArrayList<Header>();
            while (buffer.hasRemaining()) {
                headers.add(new RecordHeader(new String(next(buffer), UTF_8), next(buffer)));
            }
            return headers;
        }

        private static byte[] next(ByteBuffer buffer) {
            var length = buffer.getInt();
            if (length < 0) {
                return null;
            }
            var bytes = new byte[length];
            buffer.get(bytes);
            return bytes;
        }
    }

    /** Rows in PostgreSQL's binary format of COPY, which costs both sides less than text. */
    static final class CopyRows {
        private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0};
        private static final long EPOCH_DAY = LocalDate.of(2000, 1, 1).toEpochDay();
        private static final long EPOCH_MICROSECONDS = EPOCH_DAY * 86_400_000_000L;
        private static final int TEXT = 25;

        private ByteBuffer buffer;

        CopyRows() {
            this(1 << 16);
            buffer.put(SIGNATURE).putInt(0).putInt(0);
        }

        CopyRows(int size) {
            buffer = ByteBuffer.allocate(size);
        }

        CopyRows row(int columns) {
            room(2).putShort((short) columns);
            return this;
        }

        CopyRows bytes(byte[] value) {
            if (value == null) {
                room(4).putInt(-1);
            } else {
                room(4 + value.length).putInt(value.length).put(value);
            }
            return this;
        }

        CopyRows text(String value) {
            return bytes(value == null ? null : value.getBytes(UTF_8));
        }

        CopyRows texts(List<String> values) {
            var start = buffer.position();
            room(4 + 20).putInt(0).putInt(values.isEmpty() ? 0 : 1).putInt(0).putInt(TEXT);
            if (!values.isEmpty()) {
                room(8).putInt(values.size()).putInt(1);
                values.forEach(this::text);
            }
            buffer.putInt(start, buffer.position() - start - 4);
            return this;
        }

        CopyRows int2(short value) {
            room(6).putInt(2).putShort(value);
            return this;
        }

        CopyRows int4(int value) {
            room(8).putInt(4).putInt(value);
            return this;
        }

        CopyRows int8(long value) {
            room(12).putInt(8).putLong(value);
            return this;
        }

        CopyRows time(long microseconds) {
            return int8(microseconds - EPOCH_MICROSECONDS);
        }

        CopyRows date(String value) {
            return value == null ? bytes(null) : int4((int) (LocalDate.parse(value).toEpochDay() - EPOCH_DAY));
        }

        CopyRows uuid(String value) {
            var uuid = UUID.fromString(value);
            room(20).putInt(16).putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
            return this;
        }

        byte[] written() {
            return Arrays.copyOf(buffer.array(), buffer.position());
        }

        ByteArrayInputStream end() {
            room(2).putShort((short) -1);
            return new ByteArrayInputStream(buffer.array(), 0, buffer.position());
        }

        private ByteBuffer room(int bytes) {
            if (buffer.remaining() < bytes) {
                var larger = ByteBuffer.allocate(2 * (buffer.capacity() + bytes));
                buffer = larger.put(buffer.flip());
            }
            return buffer;
        }
    }

    // Kafka

    /** Publishes messages with acks=all and the idempotent producer, and waits for the answers of the broker. */
    static final class Publisher implements AutoCloseable {
        private final KafkaProducer<byte[], byte[]> producer;

        Publisher(Settings settings) {
            Map<String, Object> config = Map.of(
                "bootstrap.servers", settings.brokers(),
                "acks", "all",
                "enable.idempotence", true,
                // Messages of a batch are sent together, so fewer and larger requests.
                "batch.size", 512 * 1024,
                "max.request.size", 8 * 1024 * 1024,
                "linger.ms", 5);
            producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        }

        void send(List<Message> messages) throws Exception {
            var sent = new ArrayList<Future<?>>(messages.size());
            for (var one : messages) {
                sent.add(producer.send(
                    new ProducerRecord<>(one.topic(), null, one.key(), one.payload(), one.headers())));
            }
            producer.flush();
            for (var one : sent) {
                one.get();
            }
        }

        @Override
        public void close() {
            producer.close();
        }
    }
}
