package main

import (
	"encoding/binary"
	"hash"

	"github.com/IBM/sarama"
)

// javaPartitioner chooses the partition of a key like Kafka's client for Java. The default of sarama does not.
func javaPartitioner(topic string) sarama.Partitioner {
	return sarama.NewCustomPartitioner(sarama.WithAbsFirst(), sarama.WithCustomHashFunction(newMurmur2))(topic)
}

// murmur2 is the hash function of Kafka's client for Java, which gets a key in one write.
type murmur2 struct {
	hash.Hash32
	sum uint32
}

func newMurmur2() hash.Hash32 { return &murmur2{} }

func (m *murmur2) Reset()        { m.sum = 0 }
func (m *murmur2) Sum32() uint32 { return m.sum }

func (m *murmur2) Write(key []byte) (int, error) {
	const seed, factor = 0x9747b28c, 0x5bd1e995
	sum, rest := seed^uint32(len(key)), key
	for ; len(rest) >= 4; rest = rest[4:] {
		word := binary.LittleEndian.Uint32(rest) * factor
		sum = sum*factor ^ (word^word>>24)*factor
	}
	for i := len(rest) - 1; i >= 0; i-- {
		sum ^= uint32(rest[i]) << (8 * i)
	}
	if len(rest) > 0 {
		sum *= factor
	}
	sum = (sum ^ sum>>13) * factor
	m.sum = sum ^ sum>>15
	return len(key), nil
}
