package unecho_test

// What an agent plays: sooner than it is heard, interrupted. A room of 250 ms, a microphone of 16 kHz,
// chunks of 20 ms; the far end of the bundled sample.

import (
	"math"
	"testing"

	"unecho"
)

const (
	chunk = rate / 50
	// The agent speaks from 0.5 to 5 s, of a sentence of 8 s, and later answers.
	begins = rate / 2
	cut    = 5 * rate
)

// speech is what the agent says, and what it answers: 8.3 and 7.3 s.
func speech(t *testing.T) (sentence, answer []float32) {
	t.Helper()
	far := floats(read(t, "far"))
	return far[rate*6/10 : rate*89/10], far[rate*169/10 : rate*242/10]
}

// noise gives numbers from -1 to 1, always the same ones.
func noise() func() float32 {
	state := uint64(1)
	return func() float32 {
		state = state * 48271 % 0x7fffffff
		return float32(float64(state)/0x3fffffff - 1)
	}
}

// room gives the echo, 20 ms late, and noise of a tenth of a step of 8 bits.
func room(played []float32) []float32 {
	random := noise()
	path := make([]float32, 3680)
	for i := range path {
		path[i] = 0.087 * random() * float32(math.Exp(-float64(i)/600))
	}
	heard := make([]float32, len(played))
	for i := range heard {
		heard[i] = 5e-4 * random()
	}
	for i, x := range played {
		if x == 0 || i+chunk >= len(heard) {
			continue
		}
		later := heard[i+chunk:]
		if len(later) > len(path) {
			later = later[:len(path)]
		}
		for k := range later {
			later[k] += path[k] * x
		}
	}
	return heard
}

// reduction is that of the half second from the 20 ms on in which the echo comes.
func reduction(mic, near []float32, from int) float64 {
	when := [2]float64{float64(from)/rate + 0.02, float64(from)/rate + 0.5}
	return -change(mic, near, when)
}

func openQueued(t *testing.T) *unecho.Canceller {
	t.Helper()
	config := unecho.NewConfig(rate)
	config.FarRate = rate
	return open(t, config)
}

func TestAnAgentIsInterruptedAndAnswers(t *testing.T) {
	sentence, answer := speech(t)
	// A pause of less than 100 ms is lateness to the library, unless it is told what was played.
	for _, pause := range []int{rate / 25, rate * 3 / 5} {
		answers := cut + pause
		played := make([]float32, answers+rate)
		copy(played[begins:cut], sentence)
		copy(played[answers:], answer)
		mic := room(played)
		near := make([]float32, len(mic))
		canceller, playout := openQueued(t), unecho.NewPlayout(rate, 1)
		for i := 0; i < chunks(mic, chunk); i++ {
			switch i * chunk {
			case begins:
				check(t, playout.Play(sentence))
			case cut:
				playout.Interrupt()
			case answers:
				check(t, playout.Play(answer))
			}
			check(t, canceller.ProcessPlayout(part(mic, i, chunk), playout, part(near, i, chunk)))
		}
		near = near[canceller.Latency():]
		for _, from := range []int{4 * rate, answers} {
			found := reduction(mic, near, from)
			t.Logf("%.0f dB", found)
			if found < 60 {
				t.Errorf("%.0f dB", found)
			}
		}
		if missing := canceller.Stats().FarMissingFrames; missing != 0 {
			t.Errorf("%d frames are missing", missing)
		}
	}
}

func TestAnyChunkOfAPlayoutGivesTheSameBits(t *testing.T) {
	far, _ := speech(t)
	far = far[:3*rate]
	mic := room(far)
	canceller := openQueued(t)
	expected := make([]float32, len(mic))
	for i := 0; i < chunks(mic, chunk); i++ {
		check(t, canceller.PushFar(part(far, i, chunk)))
		check(t, canceller.Process(part(mic, i, chunk), nil, part(expected, i, chunk)))
	}
	rest := make([]int16, len(far)-777)
	for i := range rest {
		rest[i] = int16(far[777+i] * 32768)
	}
	for _, n := range []int{chunk, 777, len(mic)} {
		check(t, canceller.Reset())
		playout := unecho.NewPlayout(rate, 1)
		check(t, playout.Play(far[:777]))
		check(t, playout.PlayInt16(rest))
		near := make([]float32, len(mic))
		for i := 0; i < chunks(mic, n); i++ {
			check(t, canceller.ProcessPlayout(part(mic, i, n), playout, part(near, i, n)))
		}
		if !equal(near, expected) {
			t.Errorf("chunks of %d give other bits", n)
		}
		if playout.Waiting() != 0 || canceller.Stats().FarDroppedFrames != 0 {
			t.Error(playout.Waiting(), canceller.Stats().FarDroppedFrames)
		}
	}
}

func TestWrongPlayoutsAreNamedAndNothingIsTaken(t *testing.T) {
	playout := unecho.NewPlayout(24000, 1)
	check(t, playout.PlayInt16(make([]int16, 480)))
	mic, near := make([]int16, 320), make([]int16, 320)
	plain, other, stereo := unecho.NewConfig(rate), unecho.NewConfig(rate), unecho.NewConfig(rate)
	other.FarRate = rate
	stereo.FarRate, stereo.FarChannels = 24000, 2
	for _, config := range []unecho.Config{plain, other, stereo} {
		err := open(t, config).ProcessPlayoutInt16(mic, playout, near)
		refused(t, err, unecho.ErrArgument, "FarRate")
	}
	fitting := unecho.NewConfig(rate)
	fitting.FarRate = 24000
	canceller := open(t, fitting)
	refused(t, canceller.ProcessPlayoutInt16(mic[:319], playout, near), unecho.ErrArgument, "near")
	refused(t, canceller.ProcessPlayoutInt16(mic, nil, near), unecho.ErrArgument, "playout is nil")

	hops := unecho.NewConfig(rate)
	hops.FarQueueMs, hops.WholeHops, hops.Engine = 100, true, unecho.EngineLinear
	whole := unecho.NewPlayout(rate, 1)
	check(t, whole.PlayInt16(make([]int16, 480)))
	err := open(t, hops).ProcessPlayoutInt16(mic, whole, near)
	refused(t, err, unecho.ErrChunk, "")
	if playout.Waiting() != 480 || whole.Waiting() != 480 {
		t.Error(playout.Waiting(), whole.Waiting())
	}
	refused(t, unecho.NewPlayout(24000, 2).PlayInt16(mic[:3]), unecho.ErrArgument, "audio has 3 samples")
	check(t, canceller.ProcessPlayoutInt16(mic, playout, near))
	if playout.Waiting() != 0 {
		t.Error(playout.Waiting())
	}
}

// Speech comes from another goroutine than the microphone: for the race detector.
func TestAPlayoutIsForAllGoroutines(t *testing.T) {
	canceller, playout := openQueued(t), unecho.NewPlayout(rate, 1)
	done := make(chan error)
	go func() {
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			err = playout.PlayInt16(make([]int16, 480))
			if i%10 == 9 {
				playout.Pause(10)
				playout.Interrupt()
				playout.Resume()
			}
		}
		done <- err
	}()
	buffer := make([]float32, chunk)
	for i := 0; i < 100; i++ {
		check(t, canceller.ProcessPlayout(buffer, playout, buffer))
	}
	check(t, <-done)
}
