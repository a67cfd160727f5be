package unecho_test

import (
	"testing"

	"unecho"
)

const calls = 6

// forMany opens cancellers of several rates and channels, and gives each its part of the sample.
func forMany(t *testing.T, mic, far []int16) (cancellers []*unecho.Canceller, mics, fars [][]int16) {
	t.Helper()
	for i := 0; i < calls; i++ {
		config := unecho.NewConfig([]int{16000, 48000, 8000}[i%3])
		config.HopsAtOnce = 1 + 3*i
		mics = append(mics, mic[i*16000:])
		fars = append(fars, far[i*16000:])
		switch i {
		case 3:
			config.MicChannels = 2
		case 4:
			config.FarChannels = 2
		case 5:
			fars[i] = nil
		}
		cancellers = append(cancellers, open(t, config))
	}
	return cancellers, mics, fars
}

// step cuts chunk k of 320 frames out of each.
func step[S any](whole [][]S, k int, channels func(i int) int) [][]S {
	var parts [][]S
	for i, samples := range whole {
		if samples == nil {
			parts = append(parts, nil)
			continue
		}
		parts = append(parts, part(samples, k, 320*channels(i)))
	}
	return parts
}

// The channels of forMany, by call.

func ofMic(i int) int {
	return []int{1, 1, 1, 2, 1, 1}[i]
}

func ofFar(i int) int {
	return []int{1, 1, 1, 1, 2, 1}[i]
}

// manyEqualsOne compares the bits, of 2 s.
func manyEqualsOne[S unecho.Sample](t *testing.T, cancellers []*unecho.Canceller, mics, fars [][]S,
	process func(c *unecho.Canceller, mic, far, near []S) error) {
	t.Helper()
	near := make([][]S, calls)
	alone := make([][]S, calls)
	for i := range near {
		near[i] = make([]S, 320*ofMic(i))
		alone[i] = make([]S, 100*320*ofMic(i))
	}
	for i, canceller := range cancellers {
		check(t, canceller.Reset())
		for k := 0; k < 100; k++ {
			mic, far := step(mics, k, ofMic)[i], step(fars, k, ofFar)[i]
			check(t, process(canceller, mic, far, part(alone[i], k, 320*ofMic(i))))
		}
		if power(alone[i], [2]float64{1, 2}) == 0 {
			t.Error("there is nothing to compare")
		}
		check(t, canceller.Reset())
	}
	for k := 0; k < 100; k++ {
		check(t, unecho.ProcessMany(cancellers, step(mics, k, ofMic), step(fars, k, ofFar), near))
		for i := range near {
			if !equal(near[i], part(alone[i], k, 320*ofMic(i))) {
				t.Fatalf("canceller %d gives other bits in chunk %d", i, k)
			}
		}
	}
}

func TestManyGiveTheBitsOfOne(t *testing.T) {
	mic, far := sample(t)
	cancellers, mics, fars := forMany(t, mic, far)
	manyEqualsOne(t, cancellers, mics, fars, (*unecho.Canceller).ProcessInt16)

	floatMics, floatFars := make([][]float32, calls), make([][]float32, calls)
	for i := range mics {
		floatMics[i] = floats(mics[i])
		if fars[i] != nil {
			floatFars[i] = floats(fars[i])
		}
	}
	manyEqualsOne(t, cancellers, floatMics, floatFars, (*unecho.Canceller).Process)
}

// The loudest samples: the library's rounding and saturation.
func TestManyRoundAsTheLibraryDoes(t *testing.T) {
	config := unecho.NewConfig(rate)
	config.NoiseReductionDB, config.Suppression = 0, 0
	one, many := open(t, config), open(t, config)
	mic := make([]int16, 4*320)
	for i := range mic {
		mic[i] = []int16{-32768, 32767}[i/160%2]
	}
	expected, found := make([]int16, len(mic)), make([]int16, len(mic))
	check(t, one.ProcessInt16(mic, nil, expected))
	check(t, unecho.ProcessMany([]*unecho.Canceller{many}, [][]int16{mic}, nil, [][]int16{found}))
	if !equal(found, expected) || power(found, [2]float64{0.02, 0.08}) < 1e8 {
		t.Error("other bits")
	}
}

func TestManyInPlace(t *testing.T) {
	mic, far := sample(t)
	one, many := open(t, unecho.NewConfig(rate)), open(t, unecho.NewConfig(rate))
	expected := stream(t, one, mic[:32000], far[:32000], 32000)
	buffer := append([]int16(nil), mic[:32000]...)
	buffers := [][]int16{buffer}
	check(t, unecho.ProcessMany([]*unecho.Canceller{many}, buffers, [][]int16{far[:32000]}, buffers))
	if !equal(buffer, expected) {
		t.Error("other bits in place")
	}
}

func TestWrongArgumentsOfManyAreNamed(t *testing.T) {
	a, b := open(t, unecho.NewConfig(rate)), open(t, unecho.NewConfig(rate))
	config := unecho.NewConfig(rate)
	config.Engine = unecho.EngineLinear
	linear := open(t, config)
	room := func(n int) []float32 { return make([]float32, n) }
	two := [][]float32{room(160), room(160)}
	for _, wrong := range []struct {
		cancellers     []*unecho.Canceller
		mic, far, near [][]float32
		text           string
	}{
		{[]*unecho.Canceller{a, b}, two[:1], nil, two, "2, 1, 0 and 2"},
		{[]*unecho.Canceller{a, b}, two, two[:1], two, "2, 2, 1 and 2"},
		{[]*unecho.Canceller{a, nil}, two, nil, two, "cancellers[1] is nil"},
		{[]*unecho.Canceller{a, a}, two, nil, two, "different ones"},
		{[]*unecho.Canceller{a, linear}, two, nil, two, "with a network"},
		{[]*unecho.Canceller{a, b}, two, nil, [][]float32{room(160), room(159)}, "cancellers[1]: near has 159"},
		{[]*unecho.Canceller{a, b}, [][]float32{room(160), room(80)}, nil, [][]float32{room(160), room(80)},
			"mic[1] has 80 frames"},
		{[]*unecho.Canceller{a, b}, two, [][]float32{nil, room(1)}, two, "cancellers[1]: far has 1 samples"},
	} {
		refused(t, unecho.ProcessMany(wrong.cancellers, wrong.mic, wrong.far, wrong.near),
			unecho.ErrArgument, wrong.text)
	}
	if a.Stats().Frames != 0 || b.Stats().Frames != 0 {
		t.Error("something was taken")
	}
	check(t, unecho.ProcessMany[float32](nil, nil, nil, nil))
	check(t, unecho.ProcessMany([]*unecho.Canceller{b, a}, two, [][]float32{nil, room(160)}, two))
}
