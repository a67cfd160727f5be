package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"unecho"
)

// The last part of a chunk, and what the output lags.
func TestEveryFrameComesOut(t *testing.T) {
	const n = 16000 + 69
	canceller, err := unecho.NewConfig(16000).Open()
	if err != nil {
		t.Fatal(err)
	}
	defer canceller.Close()
	all := n + canceller.Latency()
	mic, far, expected := make([]int16, all), make([]int16, all), make([]int16, all)
	both := make([]int16, 2*n)
	for i := 0; i < n; i++ {
		far[i] = int16(3000 * math.Sin(float64(i*i%7919)))
		mic[i] = far[i]/2 + int16(1000*math.Sin(0.1*float64(i)))
		both[2*i], both[2*i+1] = mic[i], far[i]
	}
	if err := canceller.ProcessInt16(mic, far, expected); err != nil {
		t.Fatal(err)
	}
	var input, output, wanted bytes.Buffer
	if err := binary.Write(&input, binary.LittleEndian, both); err != nil {
		t.Fatal(err)
	}
	if err := filter(&input, &output); err != nil {
		t.Fatal(err)
	}
	if err := binary.Write(&wanted, binary.LittleEndian, expected); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(output.Bytes(), wanted.Bytes()) {
		t.Errorf("%d bytes, expected %d, or other bits", output.Len(), wanted.Len())
	}
}
