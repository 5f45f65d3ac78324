// Reads or sends events with the CloudEvents SDK for Go and sarama; tests/interop/program.py describes input and output.
package main

import (
	"fmt"
	"os"

	"github.com/IBM/sarama"
)

func main() {
	config := sarama.NewConfig()
	config.Version = sarama.V2_1_0_0
	client, err := sarama.NewClient([]string{os.Args[2]}, config)
	if err == nil {
		defer client.Close()
		if os.Args[1] == "read" {
			err = read(client, os.Args[3:])
		} else {
			err = send(client, os.Stdin)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
