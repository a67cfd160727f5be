package unecho_test

import (
	"fmt"
	"testing"
	"time"

	"unecho"
)

// What Go adds to a call: no frames are processed.
func BenchmarkCall(b *testing.B) {
	canceller, err := unecho.NewConfig(rate).Open()
	if err != nil {
		b.Fatal(err)
	}
	defer canceller.Close()
	for i := 0; i < b.N; i++ {
		if err := canceller.Process(nil, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStats(b *testing.B) {
	canceller, err := unecho.NewConfig(rate).Open()
	if err != nil {
		b.Fatal(err)
	}
	defer canceller.Close()
	for i := 0; i < b.N; i++ {
		_ = canceller.Stats()
	}
}

// 20 ms of int16 at 16 kHz of each canceller, one by one and together. There is an echo.
func BenchmarkCalls(b *testing.B) {
	for _, count := range []int{1, 16, 200} {
		benchmarkCalls(b, "default", nil, count)
	}
	model, err := unecho.BuiltinModel(unecho.DtlnAec)
	if err != nil {
		b.Skip(err)
	}
	defer model.Close()
	benchmarkCalls(b, "unecho-128", model, 16)
}

func benchmarkCalls(b *testing.B, name string, model *unecho.Model, count int) {
	const n = 320
	random := noise()
	mic, far := make([]int16, 100*n), make([]int16, 100*n)
	for i := range mic {
		far[i] = int16(3000 * random())
		mic[i] = far[i] / 2
	}
	var cancellers []*unecho.Canceller
	mics, fars, nears := make([][]int16, count), make([][]int16, count), make([][]int16, count)
	for i := range nears {
		config := unecho.NewConfig(rate)
		config.Model = model
		if i > 0 {
			config.HopsAtOnce = 1
		}
		canceller, err := config.Open()
		if err != nil {
			b.Fatal(err)
		}
		defer canceller.Close()
		cancellers = append(cancellers, canceller)
		nears[i] = make([]int16, n)
	}
	run := func(function string, process func() error) {
		b.Run(fmt.Sprintf("%s/%s/%d", name, function, count), func(b *testing.B) {
			begin := time.Now()
			for k := 0; k < b.N; k++ {
				for i := range mics {
					mics[i], fars[i] = part(mic, (k+i)%100, n), part(far, (k+i)%100, n)
				}
				if err := process(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(time.Since(begin).Nanoseconds())/1000/float64(b.N*count), "µs/call")
		})
	}
	run("Process", func() error {
		for i, canceller := range cancellers {
			if err := canceller.ProcessInt16(mics[i], fars[i], nears[i]); err != nil {
				return err
			}
		}
		return nil
	})
	run("ProcessMany", func() error { return unecho.ProcessMany(cancellers, mics, fars, nears) })
}
