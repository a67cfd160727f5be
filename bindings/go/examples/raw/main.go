// Command raw reads 16-bit samples, microphone and far end in turn, at 16 kHz, and writes the near end.
package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"log"
	"os"

	"unecho"
)

const frames = 160 // any number at a time, here up to 10 ms

func filter(input io.Reader, output io.Writer) error {
	canceller, err := unecho.NewConfig(16000).Open()
	if err != nil {
		return err
	}
	defer canceller.Close()
	// The output lags by that many frames: silence brings out the last ones.
	silence := make([]byte, 4*canceller.Latency())
	input = io.MultiReader(input, bytes.NewReader(silence))
	var both [4 * frames]byte
	var mic, far [frames]int16
	for {
		n, err := io.ReadFull(input, both[:])
		for i := 0; i < n/4; i++ {
			mic[i] = int16(binary.LittleEndian.Uint16(both[4*i:]))
			far[i] = int16(binary.LittleEndian.Uint16(both[4*i+2:]))
		}
		near := mic[:n/4]
		if err := canceller.ProcessInt16(near, far[:n/4], near); err != nil {
			return err
		}
		if err := binary.Write(output, binary.LittleEndian, near); err != nil {
			return err
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

func main() {
	if err := filter(os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}
