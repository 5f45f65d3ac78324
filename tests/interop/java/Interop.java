import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.message.Encoding;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.kafka.CloudEventSerializer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Reads or sends events with the CloudEvents SDK for Java; tests/interop/program.py describes input and output. */
public class Interop {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration DEADLINE = Duration.ofSeconds(120);

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("read")) {
            read(arguments);
        } else {
            send(arguments[1]);
        }
    }

    /** Add what both clients need. The embedded broker closes connections of clients that check its cluster id. */
    private static Map<String, Object> config(String bootstrap, Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>(more);
        config.put("bootstrap.servers", bootstrap);
        config.put("metadata.cluster.check.enable", false);
        return config;
    }

    /** Print the records of topics, each given as `topic=count`, which are all records of the topic. */
    private static void read(String[] arguments) throws IOException {
        Map<String, Object> config = config(arguments[1], Map.of("enable.auto.commit", false));
        long remaining = 0;
        long end = System.nanoTime() + DEADLINE.toNanos();
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (int i = 2; i < arguments.length; i++) {
                String[] topic = arguments[i].split("=");
                remaining += Long.parseLong(topic[1]);
                consumer.partitionsFor(topic[0]).forEach(p -> partitions.add(new TopicPartition(p.topic(), p.partition())));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (remaining > 0) {
                if (System.nanoTime() > end) {
                    throw new IOException(remaining + " records are missing");
                }
                for (var record : consumer.poll(Duration.ofMillis(100))) {
                    System.out.println(line(record));
                    remaining--;
                }
            }
        }
    }

    private static ObjectNode line(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode line = JSON.createObjectNode();
        line.put("topic", record.topic()).put("partition", record.partition()).put("offset", record.offset());
        line.put("key", record.key()).put("value", record.value());
        ArrayNode headers = line.putArray("headers");
        record.headers().forEach(header -> headers.addArray().add(header.key()).add(header.value()));
        if (record.value() == null) {
            return line;
        }
        // The SDK validates an event when it builds it.
        try (var deserializer = new CloudEventDeserializer()) {
            CloudEvent event = deserializer.deserialize(record.topic(), record.headers(), record.value());
            ObjectNode attributes = line.putObject("attributes");
            event.getAttributeNames().forEach(name -> attributes.put(name, event.getAttribute(name).toString()));
            event.getExtensionNames().forEach(name -> attributes.put(name, event.getExtension(name).toString()));
            line.put("data", new String(event.getData().toBytes(), UTF_8));
        } catch (RuntimeException error) {
            line.put("error", error.toString());
        }
        return line;
    }

    /** Send the commands of standard input, and print where each one was written. */
    private static void send(String bootstrap) throws Exception {
        Map<String, KafkaProducer<String, CloudEvent>> producers = new HashMap<>();
        for (Encoding encoding : Encoding.values()) {
            Map<String, Object> config = config(bootstrap, Map.of("acks", "all", "enable.idempotence", false));
            var serializer = new CloudEventSerializer();
            Map<String, Object> mode = new HashMap<>(Map.of(CloudEventSerializer.ENCODING_CONFIG, encoding));
            if (encoding == Encoding.STRUCTURED) {
                mode.put(CloudEventSerializer.EVENT_FORMAT_CONFIG, JsonFormat.CONTENT_TYPE);
            }
            serializer.configure(mode, false);
            producers.put(encoding.name().toLowerCase(), new KafkaProducer<>(config, new StringSerializer(), serializer));
        }
        var input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String text = input.readLine(); text != null; text = input.readLine()) {
            JsonNode command = JSON.readTree(text);
            CloudEvent event = event(command.get("event"));
            String topic = command.get("topic").asText();
            var record = new ProducerRecord<>(topic, command.get("key").asText(), event);
            var written = producers.get(command.get("mode").asText()).send(record).get();
            System.out.println(JSON.createObjectNode().put("id", event.getId()).put("topic", topic)
                .put("partition", written.partition()).put("offset", written.offset()));
        }
        producers.values().forEach(KafkaProducer::close);
    }

    private static CloudEvent event(JsonNode given) {
        var builder = CloudEventBuilder.v1();
        given.properties().forEach(entry -> {
            String text = entry.getValue().asText();
            switch (entry.getKey()) {
                case "specversion", "datacontenttype" -> { }
                case "id" -> builder.withId(text);
                case "source" -> builder.withSource(URI.create(text));
                case "type" -> builder.withType(text);
                case "subject" -> builder.withSubject(text);
                case "time" -> builder.withTime(OffsetDateTime.parse(text));
                case "dataschema" -> builder.withDataSchema(URI.create(text));
                case "data" -> builder.withData("application/json", entry.getValue().toString().getBytes(UTF_8));
                default -> {
                    if (entry.getValue().isInt()) {
                        builder.withExtension(entry.getKey(), entry.getValue().asInt());
                    } else {
                        builder.withExtension(entry.getKey(), text);
                    }
                }
            }
        });
        return builder.build();
    }
}
