//go:build !race

package unecho_test

// The race detector allocates.

import (
	"testing"

	"unecho"
)

func TestNothingIsAllocated(t *testing.T) {
	together, queued := open(t, unecho.NewConfig(48000)), openQueued(t)
	config := unecho.NewConfig(rate)
	config.RecordCapacity = 1 << 20
	recorded := open(t, config)
	mic, far, near := make([]float32, 960), make([]float32, 960), make([]float32, 960)
	mic16, far16, near16 := make([]int16, 960), make([]int16, 960), make([]int16, 960)
	record := make([]byte, 1<<20)
	playout := unecho.NewPlayout(rate, 1)
	cancellers := []*unecho.Canceller{open(t, unecho.NewConfig(rate)), open(t, unecho.NewConfig(rate))}
	mics, fars, nears := [][]int16{mic16, mic16}, [][]int16{far16, nil}, [][]int16{near16, far16}
	var err error
	keep := func(found error) {
		if found != nil {
			err = found
		}
	}
	for name, call := range map[string]func(){
		"Process":             func() { keep(together.Process(mic, far, near)) },
		"ProcessInt16":        func() { keep(together.ProcessInt16(mic16, far16, near16)) },
		"PushFar":             func() { keep(queued.PushFar(far)) },
		"PushFarInt16":        func() { keep(queued.PushFarInt16(far16)) },
		"ProcessPlayout":      func() { keep(queued.ProcessPlayout(mic, playout, near)) },
		"ProcessPlayoutInt16": func() { keep(queued.ProcessPlayoutInt16(mic16, playout, near16)) },
		"ProcessMany":         func() { keep(unecho.ProcessMany(cancellers, mics, fars, nears)) },
		"NotifyGap":           func() { keep(queued.NotifyGap(1, 0)) },
		"Stats":               func() { _ = together.Stats() },
		"Reset":               func() { keep(together.Reset()) },
		"NextCall":            func() { keep(together.NextCall()) },
		"SetSuppression":      func() { keep(together.SetSuppression(0.5)) },
		"SetNoiseReductionDB": func() { keep(together.SetNoiseReductionDB(10)) },
		"SetComfortNoise":     func() { keep(together.SetComfortNoise(true)) },
		"ReadRecord": func() {
			keep(recorded.Process(mic, far, near))
			_, found := recorded.ReadRecord(record)
			keep(found)
		},
	} {
		if allocated := testing.AllocsPerRun(100, call); allocated != 0 {
			t.Errorf("%s allocates %g times", name, allocated)
		}
	}
	check(t, err)
}
