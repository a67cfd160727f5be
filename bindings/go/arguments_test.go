package unecho_test

import (
	"errors"
	"io"
	"testing"

	"unecho"
)

var _ io.Closer = (*unecho.Canceller)(nil)
var _ io.Closer = (*unecho.Model)(nil)

func TestWrongArgumentsAreNamedAndNothingIsTaken(t *testing.T) {
	config := unecho.NewConfig(rate)
	config.WholeHops = true
	config.FarChannels = 2
	canceller := open(t, config)
	room := make([]float32, 1024)
	for _, wrong := range []struct {
		mic, far, near []float32
		status         unecho.Status
		text           string
	}{
		{room[:128], nil, room[:127], unecho.ErrArgument, "near has 127 samples, expected 128"},
		{room[:128], room[:128], room[:128], unecho.ErrArgument, "far has 128 samples"},
		{room[:128], room[:0], room[:128], unecho.ErrArgument, "far has 0 samples"},
		{nil, nil, room[:128], unecho.ErrArgument, "near has 128"},
		{room[:128], nil, room[1:129], unecho.ErrArgument, "near overlaps mic"},
		{room[127:255], nil, room[:128], unecho.ErrArgument, "near overlaps mic"},
		{room[:128], room[512:768], room[767:895], unecho.ErrArgument, "near overlaps far"},
		{room[:128], room[512:768], room[512:640], unecho.ErrArgument, "near is far"},
		{room[:127], nil, room[:127], unecho.ErrChunk, "128"},
	} {
		refused(t, canceller.Process(wrong.mic, wrong.far, wrong.near), wrong.status, wrong.text)
	}
	refused(t, canceller.PushFar(room[:2]), unecho.ErrArgument, "FarRate or FarQueueMs")
	refused(t, canceller.NotifyGap(-1, 0), unecho.ErrArgument, "micLost is -1")
	_, err := canceller.ReadRecord(make([]byte, 100))
	refused(t, err, unecho.ErrArgument, "RecordCapacity")
	if frames := canceller.Stats().Frames; frames != 0 {
		t.Errorf("%d frames were taken", frames)
	}
	check(t, canceller.Process(nil, nil, nil))
	check(t, canceller.Process(room[:128], room[128:384], room[384:512]))

	config = unecho.NewConfig(rate)
	config.MicChannels = 2
	config.FarChannels = 2
	config.FarQueueMs = 200
	canceller = open(t, config)
	refused(t, canceller.Process(room[:3], nil, room[:3]), unecho.ErrArgument, "mic has 3 samples")
	refused(t, canceller.Process(room[:2], room[4:6], room[:2]), unecho.ErrArgument, "PushFar")
	refused(t, canceller.PushFar(room[:3]), unecho.ErrArgument, "far has 3 samples")
	_, err = canceller.ProcessRecording(room[:3], nil)
	refused(t, err, unecho.ErrArgument, "mic has 3 samples")
	_, err = canceller.ProcessRecording(nil, room[:3])
	refused(t, err, unecho.ErrArgument, "far has 3 samples")
}

func TestAClosedCancellerSaysSo(t *testing.T) {
	config := unecho.NewConfig(rate)
	config.FarQueueMs = 100
	config.RecordCapacity = 4096
	canceller, err := config.Open()
	check(t, err)
	check(t, canceller.Close())
	check(t, canceller.Close())
	samples := make([]float32, 16)
	ints := make([]int16, 16)
	playout := unecho.NewPlayout(rate, 1)
	_, ofRecording := canceller.ProcessRecording(samples, nil)
	_, ofRecord := canceller.ReadRecord(make([]byte, 10))
	for _, err := range []error{
		canceller.Process(samples, nil, samples),
		canceller.ProcessInt16(ints, nil, ints),
		canceller.ProcessPlayout(samples, playout, samples),
		canceller.PushFar(samples),
		canceller.PushFarInt16(ints),
		canceller.NotifyGap(1, 0),
		canceller.Reset(),
		canceller.NextCall(),
		canceller.SetSuppression(1),
		canceller.SetNoiseReductionDB(1),
		canceller.SetComfortNoise(true),
		unecho.ProcessMany([]*unecho.Canceller{canceller}, [][]float32{samples}, nil, [][]float32{samples}),
		ofRecording,
		ofRecord,
	} {
		refused(t, err, unecho.ErrClosed, "closed")
	}
	if canceller.Stats() != (unecho.Stats{}) || canceller.Latency() != 256 || canceller.Kernels() == "" {
		t.Error(canceller.Stats(), canceller.Latency(), canceller.Kernels())
	}
}

func TestStatuses(t *testing.T) {
	if errors.Is(unecho.ErrClosed, unecho.ErrArgument) {
		t.Error("they are one")
	}
	for status := unecho.ErrChunk; status <= unecho.ErrClosed; status++ {
		if status != 0 && len(status.Error()) < len("unecho: 1234") {
			t.Errorf("%d: %v", status, status)
		}
	}
	if unecho.Version() != "0.1.0" {
		t.Error(unecho.Version())
	}
}
