package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/cloudevents/sdk-go/protocol/kafka_sarama/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
)

const deadline = 120 * time.Second

// line is a record and the event that the SDK reads from it.
type line struct {
	Topic      string            `json:"topic"`
	Partition  int32             `json:"partition"`
	Offset     int64             `json:"offset"`
	Key        []byte            `json:"key"`
	Value      []byte            `json:"value"`
	Headers    [][2]any          `json:"headers"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Data       string            `json:"data,omitempty"`
	Error      string            `json:"error,omitempty"`
}

// read prints the records of topics, each given as topic=count, which are all records of the topic.
func read(client sarama.Client, topics []string) error {
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return err
	}
	remaining := 0
	records := make(chan *sarama.ConsumerMessage)
	for _, given := range topics {
		topic, count, _ := strings.Cut(given, "=")
		number, err := strconv.Atoi(count)
		if err != nil {
			return err
		}
		remaining += number
		partitions, err := client.Partitions(topic)
		if err != nil {
			return err
		}
		for _, partition := range partitions {
			one, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
			if err != nil {
				return err
			}
			go func() {
				for record := range one.Messages() {
					records <- record
				}
			}()
		}
	}
	output := json.NewEncoder(os.Stdout)
	expired := time.After(deadline)
	for ; remaining > 0; remaining-- {
		select {
		case record := <-records:
			if err := output.Encode(describe(record)); err != nil {
				return err
			}
		case <-expired:
			return fmt.Errorf("%d records are missing", remaining)
		}
	}
	return nil
}

func describe(record *sarama.ConsumerMessage) line {
	found := line{Topic: record.Topic, Partition: record.Partition, Offset: record.Offset, Key: record.Key, Value: record.Value}
	for _, header := range record.Headers {
		found.Headers = append(found.Headers, [2]any{string(header.Key), header.Value})
	}
	if record.Value == nil {
		return found
	}
	ctx := context.Background()
	read, err := binding.ToEvent(ctx, kafka_sarama.NewMessageFromConsumerMessage(record))
	if err == nil {
		err = read.Validate()
	}
	if err == nil {
		found.Attributes, err = attributes(read)
	}
	if err != nil {
		found.Attributes, found.Error = nil, err.Error()
		return found
	}
	found.Data = string(read.Data())
	return found
}

// attributes returns all attributes as text, without those that the SDK adds for the place of the record.
func attributes(read *event.Event) (map[string]string, error) {
	found := map[string]string{
		"specversion": read.SpecVersion(), "id": read.ID(), "source": read.Source(), "type": read.Type(),
		"subject": read.Subject(), "datacontenttype": read.DataContentType(), "dataschema": read.DataSchema(),
	}
	if !read.Time().IsZero() {
		found["time"] = read.Time().Format(time.RFC3339Nano)
	}
	for name, value := range read.Extensions() {
		text, err := types.Format(value)
		if err != nil {
			return nil, err
		}
		found[name] = text
	}
	for name, value := range found {
		if value == "" || strings.HasPrefix(name, "kafka") {
			delete(found, name)
		}
	}
	return found, nil
}
