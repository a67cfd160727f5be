package unecho

import "testing"

func taken(t *testing.T, playout *Playout, frames int) []float32 {
	t.Helper()
	var all []float32
	err := playout.take(frames, 1000, func(samples []float32) error {
		all = append(all, samples...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func same(t *testing.T, found, expected []float32) {
	t.Helper()
	if len(found) != len(expected) {
		t.Fatalf("%d samples, expected %d", len(found), len(expected))
	}
	for i := range found {
		if found[i] != expected[i] {
			t.Fatalf("sample %d is %g, expected %g", i, found[i], expected[i])
		}
	}
}

func TestPauseResumeAndLateness(t *testing.T) {
	sound := make([]float32, 1000)
	for i := range sound {
		sound[i] = float32(i + 1)
	}
	playout := NewPlayout(1000, 1)
	play := func(samples []float32) {
		t.Helper()
		if err := playout.Play(samples); err != nil {
			t.Fatal(err)
		}
	}
	waits := func(frames int) {
		t.Helper()
		if playout.Waiting() != frames {
			t.Fatalf("%d wait, expected %d", playout.Waiting(), frames)
		}
	}
	quiet := func(n int) []float32 { return make([]float32, n) }
	same(t, taken(t, playout, 2), quiet(2))
	play(sound[:4])
	same(t, taken(t, playout, 3), sound[:3])
	same(t, taken(t, playout, 80), sound[3:4])
	play(sound[4:50]) // 79 ms late: it catches up
	play(sound[50:90])
	same(t, taken(t, playout, 1), sound[4:84])
	playout.Pause(2)
	playout.Pause(2)
	same(t, taken(t, playout, 2), quiet(2))
	waits(4)
	playout.Resume()
	same(t, taken(t, playout, 2), sound[86:88])
	same(t, taken(t, playout, 40), sound[88:90])
	same(t, taken(t, playout, 50), quiet(88)) // it was a pause
	play(sound[:3])
	playout.Interrupt()
	waits(0)
	same(t, taken(t, playout, 1500), quiet(1500))
	play(sound)
	playout.Pause(int(^uint(0) >> 1))
	waits(0)
	if playout.PlayInt16(make([]int16, 300_001)) == nil {
		t.Error("more than 300 s may wait")
	}
	waits(0)
}
