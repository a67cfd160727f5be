package unecho_test

import (
	"errors"
	"fmt"

	"unecho"
)

func Example() {
	config := unecho.NewConfig(48000)
	config.NoiseReductionDB = 10
	canceller, err := config.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer canceller.Close()
	mic, far := make([]float32, 480), make([]float32, 480) // any number of frames
	near := make([]float32, 480)
	if err := canceller.Process(mic, far, near); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(canceller.Latency(), canceller.Stats().Frames)
	// Output: 1048 480
}

func ExampleConfig() {
	config := unecho.NewConfig(16000)
	config.Engine = unecho.EngineLinear
	config.WholeHops = true
	canceller, err := config.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer canceller.Close()
	fmt.Println(canceller.Latency())
	// Output: 0
}

func ExampleError() {
	_, err := unecho.NewConfig(4000).Open()
	fmt.Println(errors.Is(err, unecho.ErrSampleRate))
	fmt.Println(err)
	// Output:
	// true
	// unecho: SampleRate is 4000, expected 8000 to 192000
}

// The far end at another rate than the microphone.
func ExampleCanceller_PushFar() {
	config := unecho.NewConfig(16000)
	config.FarRate = 24000
	canceller, err := config.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer canceller.Close()
	buffer := make([]float32, 320)
	for i := 0; i < 50; i++ { // a second, 20 ms at a time
		if err := canceller.PushFar(make([]float32, 480)); err != nil {
			fmt.Println(err)
		}
		if err := canceller.Process(buffer, nil, buffer); err != nil { // in place
			fmt.Println(err)
		}
	}
	fmt.Println(canceller.Stats().FarMissingFrames, canceller.Stats().FarDroppedFrames)
	// Output: 0 0
}

// A voice agent, which is interrupted.
func ExamplePlayout() {
	config := unecho.NewConfig(16000)
	config.FarRate = 24000
	canceller, err := config.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer canceller.Close()
	playout := unecho.NewPlayout(24000, 1)
	if err := playout.PlayInt16(make([]int16, 24000)); err != nil { // a second
		fmt.Println(err)
	}
	buffer := make([]int16, 320) // 20 ms
	if err := canceller.ProcessPlayoutInt16(buffer, playout, buffer); err != nil {
		fmt.Println(err)
	}
	fmt.Println(playout.Waiting())
	playout.Interrupt()
	fmt.Println(playout.Waiting())
	// Output:
	// 23520
	// 0
}

// Three calls of a server, 20 ms of each.
func ExampleProcessMany() {
	var calls []*unecho.Canceller
	var mic, far, near [][]int16
	for i := 0; i < 3; i++ {
		canceller, err := unecho.NewConfig(16000).Open()
		if err != nil {
			fmt.Println(err)
			return
		}
		defer canceller.Close()
		calls = append(calls, canceller)
		mic = append(mic, make([]int16, 320))
		far = append(far, make([]int16, 320))
		near = append(near, make([]int16, 320))
	}
	if err := unecho.ProcessMany(calls, mic, far, near); err != nil {
		fmt.Println(err)
	}
	fmt.Println(calls[2].Stats().Frames)
	// Output: 320
}

func ExampleProcessRecording() {
	mic, far := make([]float32, 16000), make([]float32, 12000)
	near, err := unecho.ProcessRecording(mic, far, 16000)
	fmt.Println(len(near), err)
	// Output: 16000 <nil>
}
