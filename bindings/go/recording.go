package unecho

// #include "stream.h"
import "C"

import "runtime"

// ProcessRecording cancels the echo in a whole mono recording, without latency. A shorter far end is
// followed by silence, a longer one is cut.
func ProcessRecording(mic, far []float32, sampleRate int) ([]float32, error) {
	canceller, err := NewConfig(sampleRate).Open()
	if err != nil {
		return nil, err
	}
	defer canceller.Close()
	return canceller.ProcessRecording(mic, far)
}

// ProcessRecording cancels the echo in a whole recording, without latency, with the settings of the
// canceller; far has FarRate. The canceller is reset first; its statistics are those of the recording
// afterwards.
func (c *Canceller) ProcessRecording(mic, far []float32) ([]float32, error) {
	if err := c.begin(); err != nil {
		return nil, err
	}
	if len(mic)%c.config.MicChannels != 0 {
		return nil, wrong("mic has %d samples, expected whole frames of %d", len(mic), c.config.MicChannels)
	}
	if len(far)%c.config.FarChannels != 0 {
		return nil, wrong("far has %d samples, expected whole frames of %d", len(far), c.config.FarChannels)
	}
	near := make([]float32, len(mic))
	status := C.unecho_process_whole(c.stream, floats(mic), C.size_t(len(mic)/c.config.MicChannels),
		floats(far), C.size_t(len(far)/c.config.FarChannels), floats(near), 0)
	runtime.KeepAlive(c)
	if err := result(status); err != nil {
		return nil, err
	}
	return near, nil
}
