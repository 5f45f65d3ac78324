import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Keep a copy of the registry in memory, read from its state topics.
 *
 * <pre>java -cp kafka-clients.jar:slf4j-api.jar Subscriber.java localhost:9092 registry [--until-end]</pre>
 *
 * <p>The arguments are the brokers and the prefix of the topics. The topics are compacted, so each start reads all of
 * them and needs no stored positions. With {@code --until-end} the program prints the copy when it is complete, one line
 * for each object or association: topic, key, entity version and data, separated by tabs.
 */
public class Subscriber {
    record State(String sequence, String entityVersion, String data) {}

    private static final List<String> NOUNS = List.of("group", "code", "user", "directory");

    private final Map<String, Map<String, State>> copy = new HashMap<>();

    /** Apply a record; one without a value says that the object or association does not exist. */
    void apply(ConsumerRecord<String, String> record) {
        var state = new State(header(record, "ce_sequence"), header(record, "ce_entityversion"), record.value());
        // A duplicate has the sequence of its original. After a restore of the registry's database, a correction has a
        // higher sequence, and its entity version may be lower. So the sequence decides, and it is compared as text.
        copy.computeIfAbsent(record.topic(), topic -> new HashMap<>())
            .merge(record.key(), state, (old, next) -> next.sequence().compareTo(old.sequence()) > 0 ? next : old);
    }

    /** Apply all records; return at the present end of the topics if {@code untilEnd}, otherwise continue. */
    void follow(KafkaConsumer<String, String> consumer, String prefix, boolean untilEnd) {
        var partitions = new ArrayList<TopicPartition>();
        for (var noun : NOUNS) {
            var topic = prefix + "." + noun + ".state.v1";
            consumer.partitionsFor(topic).forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
        }
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        var ends = consumer.endOffsets(partitions);
        while (!untilEnd || ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            consumer.poll(Duration.ofMillis(500)).forEach(this::apply);
        }
    }

    void print() {
        copy.forEach((topic, states) -> states.forEach((key, state) -> {
            if (state.data() != null) {
                System.out.println(String.join("\t", topic, key, state.entityVersion(), state.data()));
            }
        }));
    }

    private static String header(ConsumerRecord<String, String> record, String name) {
        return new String(record.headers().lastHeader(name).value(), UTF_8);
    }

    public static void main(String[] arguments) {
        Map<String, Object> config = Map.of("bootstrap.servers", arguments[0], "auto.offset.reset", "earliest");
        var subscriber = new Subscriber();
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            subscriber.follow(consumer, arguments[1], Set.of(arguments).contains("--until-end"));
        }
        subscriber.print();
    }
}
