// Reads or sends events with the CloudEvents SDK for JavaScript and KafkaJS; tests/interop/program.py describes input and output.
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { CloudEvent, Kafka as Binding } from "cloudevents";
import { Kafka, Partitioners, logLevel } from "kafkajs";

const DEADLINE = 120_000;

const [mode, bootstrap, ...topics] = process.argv.slice(2);
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR });
await (mode === "read" ? read(topics) : send());

/** Print the records of topics, each given as `topic=count`, which are all records of the topic. */
async function read(topics) {
  const counts = topics.map((topic) => topic.split("="));
  const missing = { records: counts.reduce((sum, [, count]) => sum + Number(count), 0) };
  const seen = new Set();
  const consumer = kafka.consumer({ groupId: `interop-${randomUUID()}`, sessionTimeout: 6_000, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: counts.map(([topic]) => topic), fromBeginning: true });
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${missing.records} records are missing`)), DEADLINE).unref();
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run({
      // A record comes again if the group is rebalanced.
      eachMessage: async ({ topic, partition, message }) => {
        const place = `${topic}:${partition}:${message.offset}`;
        if (!seen.has(place)) {
          seen.add(place);
          console.log(JSON.stringify(line(topic, partition, message)));
          missing.records -= 1;
        }
        if (!missing.records) {
          resolve();
        }
      },
    });
  });
  await consumer.disconnect();
}

function line(topic, partition, message) {
  const headers = Object.entries(message.headers).flatMap(([name, value]) => [value].flat().map((one) => [name, base64(one)]));
  const found = { topic, partition, offset: Number(message.offset), key: base64(message.key), value: base64(message.value), headers };
  if (message.value === null) {
    return found;
  }
  try {
    const text = Object.entries(message.headers).map(([name, value]) => [name, value?.toString()]);
    // The SDK expects text, but KafkaJS has buffers.
    const event = Binding.toEvent({ ...message, key: message.key?.toString(), headers: Object.fromEntries(text) });
    event.validate();
    const { data, ...attributes } = event.toJSON();
    found.data = JSON.stringify(data);
    found.attributes = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
  } catch (error) {
    found.error = `${error}`;
  }
  return found;
}

function base64(bytes) {
  return bytes ? bytes.toString("base64") : bytes === null || bytes === undefined ? null : "";
}

/** Send the commands of standard input, and print where each one was written. */
async function send() {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  for await (const text of createInterface({ input: process.stdin })) {
    const { topic, key, mode, event } = JSON.parse(text);
    const built = new CloudEvent(event);
    const message = mode === "structured" ? Binding.structured(built) : Binding.binary(built);
    // The SDK leaves data, numbers and missing attributes as they are, but KafkaJS expects text.
    const value = mode === "structured" ? message.value : JSON.stringify(message.value);
    const given = Object.entries(message.headers).filter(([, header]) => header !== undefined);
    const headers = Object.fromEntries(given.map(([name, header]) => [name, `${header}`]));
    const [written] = await producer.send({ topic, acks: -1, messages: [{ ...message, key, value, headers }] });
    console.log(JSON.stringify({ id: built.id, topic, partition: written.partition, offset: Number(written.baseOffset) }));
  }
  await producer.disconnect();
}
