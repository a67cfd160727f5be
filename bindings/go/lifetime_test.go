package unecho_test

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"unecho"
)

// memory is how much the process has, in MiB.
func memory(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("there is no /proc")
	}
	var all, resident int
	fmt.Sscan(string(text), &all, &resident)
	return resident * os.Getpagesize() >> 20
}

// 2,000 cancellers have 560 MiB together.
func TestClosedCancellersGiveTheirMemoryBack(t *testing.T) {
	open := func() {
		canceller, err := unecho.NewConfig(rate).Open()
		check(t, err)
		check(t, canceller.Close())
	}
	open()
	before := memory(t)
	for i := 0; i < 2000; i++ {
		open()
	}
	if grown := memory(t) - before; grown > 50 {
		t.Errorf("%d MiB more", grown)
	}
}

// grown is how much more memory the process has after 40 rounds of what is forgotten in each, in MiB.
func grown(t *testing.T, forget func()) int {
	t.Helper()
	before := memory(t)
	for i := 0; i < 40; i++ {
		forget()
		runtime.GC()
		time.Sleep(10 * time.Millisecond) // for the finalizers
	}
	return memory(t) - before
}

// 50 cancellers a round: 560 MiB in all, of which those of a few rounds may be there.
func TestForgottenCancellersGiveTheirMemoryBack(t *testing.T) {
	more := grown(t, func() {
		for k := 0; k < 50; k++ {
			model, err := unecho.BuiltinModel(unecho.Postfilter)
			check(t, err)
			config := unecho.NewConfig(rate)
			config.Model = model
			canceller, err := config.Open()
			check(t, err)
			check(t, canceller.Process(make([]float32, 160), nil, make([]float32, 160)))
		}
	})
	if more > 100 {
		t.Errorf("%d MiB more", more)
	}
}

// 16 MiB a round: 640 MiB in all.
func TestTheMemoryOfManyIsGivenBack(t *testing.T) {
	if more := grown(t, func() { unecho.ForgetBatch(4 << 20) }); more > 100 {
		t.Errorf("%d MiB more", more)
	}
}

// Nothing holds the canceller but the call itself, while the garbage collector runs.
func TestACancellerIsNotCollectedDuringACall(t *testing.T) {
	stop := make(chan struct{})
	var collector sync.WaitGroup
	collector.Add(1)
	go func() {
		defer collector.Done()
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	samples := make([]float32, 16000)
	for i := 0; i < 50; i++ {
		canceller, err := unecho.NewConfig(rate).Open()
		check(t, err)
		check(t, canceller.Process(samples, nil, samples))
	}
	close(stop)
	collector.Wait()
}

// The same bits in a goroutine for each call as one after the other.
func TestManyGoroutines(t *testing.T) {
	mic, far := sample(t)
	mic, far = mic[:32000], far[:32000]
	expected := stream(t, open(t, unecho.NewConfig(rate)), mic, far, 320)
	var wait sync.WaitGroup
	for i := 0; i < 50; i++ {
		canceller := open(t, unecho.NewConfig(rate))
		wait.Add(1)
		go func() {
			defer wait.Done()
			near := make([]int16, len(mic))
			for k := 0; k < chunks(mic, 320); k++ {
				if err := canceller.ProcessInt16(part(mic, k, 320), part(far, k, 320), part(near, k, 320)); err != nil {
					t.Error(err)
				}
			}
			if !equal(near, expected) {
				t.Error("other bits")
			}
		}()
	}
	wait.Wait()
}
