package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"time"

	"github.com/IBM/sarama"
	"github.com/cloudevents/sdk-go/protocol/kafka_sarama/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
)

// command is a line of the input.
type command struct {
	Topic string         `json:"topic"`
	Key   string         `json:"key"`
	Mode  string         `json:"mode"`
	Event map[string]any `json:"event"`
}

// written is where a command was written.
type written struct {
	ID        string `json:"id"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// send sends the commands of the input, and prints where each one was written.
func send(client sarama.Client, input io.Reader) error {
	client.Config().Producer.Return.Successes = true
	client.Config().Producer.RequiredAcks = sarama.WaitForAll
	client.Config().Producer.Partitioner = javaPartitioner
	producer, err := sarama.NewSyncProducerFromClient(client)
	if err != nil {
		return err
	}
	defer producer.Close()
	lines, output := json.NewDecoder(input), json.NewEncoder(os.Stdout)
	for {
		var one command
		if err := lines.Decode(&one); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		built, err := build(one.Event)
		if err != nil {
			return err
		}
		ctx := binding.WithForceBinary(context.Background())
		if one.Mode == "structured" {
			ctx = binding.WithForceStructured(context.Background())
		}
		record := &sarama.ProducerMessage{Topic: one.Topic}
		if err := kafka_sarama.WriteProducerMessage(ctx, binding.ToMessage(built), record); err != nil {
			return err
		}
		record.Key = sarama.StringEncoder(one.Key)
		partition, offset, err := producer.SendMessage(record)
		if err != nil {
			return err
		}
		if err := output.Encode(written{built.ID(), one.Topic, partition, offset}); err != nil {
			return err
		}
	}
}

func build(given map[string]any) (*event.Event, error) {
	built := event.New()
	data := given["data"]
	for name, value := range given {
		switch name {
		case "specversion", "datacontenttype", "data":
		case "id":
			built.SetID(value.(string))
		case "source":
			built.SetSource(value.(string))
		case "type":
			built.SetType(value.(string))
		case "subject":
			built.SetSubject(value.(string))
		case "dataschema":
			built.SetDataSchema(value.(string))
		case "time":
			at, err := time.Parse(time.RFC3339Nano, value.(string))
			if err != nil {
				return nil, err
			}
			built.SetTime(at)
		default:
			if number, ok := value.(float64); ok && number == math.Trunc(number) {
				value = int32(number)
			}
			built.SetExtension(name, value)
		}
	}
	if err := built.SetData(event.ApplicationJSON, data); err != nil {
		return nil, err
	}
	return &built, built.Validate()
}
