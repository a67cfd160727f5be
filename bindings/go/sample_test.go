package unecho_test

// The bundled sample, which scripts/test-go.sh decodes into the folder UNECHO_SAMPLES.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"unecho"
)

const rate = 16000

// When one side talks alone, in seconds: samples/meeting.json.
var (
	farAlone  = [2]float64{0.6, 8.942}
	nearAlone = [2]float64{9.842, 16.044}
)

func need(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Skip(name + " is not set: scripts/test-go.sh sets it")
	}
	return value
}

func read(t *testing.T, end string) []int16 {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(need(t, "UNECHO_SAMPLES"), end+".s16"))
	check(t, err)
	samples := make([]int16, len(raw)/2)
	check(t, binary.Read(bytes.NewReader(raw), binary.LittleEndian, samples))
	return samples
}

func sample(t *testing.T) (mic, far []int16) {
	t.Helper()
	return read(t, "mic"), read(t, "far")
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, config unecho.Config) *unecho.Canceller {
	t.Helper()
	canceller, err := config.Open()
	check(t, err)
	t.Cleanup(func() { canceller.Close() })
	return canceller
}

func floats(samples []int16) []float32 {
	out := make([]float32, len(samples))
	for i, x := range samples {
		out[i] = float32(x) / 32768
	}
	return out
}

func power[S unecho.Sample](samples []S, when [2]float64) float64 {
	sum := 1e-12
	part := samples[int(when[0]*rate):int(when[1]*rate)]
	for _, x := range part {
		sum += float64(x) * float64(x)
	}
	return sum / float64(len(part))
}

// change is how much louder, in dB, after is than before.
func change[S unecho.Sample](before, after []S, when [2]float64) float64 {
	return 10 * math.Log10(power(after, when)/power(before, when))
}

func equal[S unecho.Sample](a, b []S) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// part is chunk i, of n samples, the last one of fewer.
func part[S any](samples []S, i, n int) []S {
	end := (i + 1) * n
	if end > len(samples) {
		end = len(samples)
	}
	return samples[i*n : end]
}

func chunks[S any](samples []S, n int) int {
	return (len(samples) + n - 1) / n
}

// stream gives the output in chunks of n frames.
func stream(t *testing.T, canceller *unecho.Canceller, mic, far []int16, n int) []int16 {
	t.Helper()
	near := make([]int16, len(mic))
	for i := 0; i < chunks(mic, n); i++ {
		check(t, canceller.ProcessInt16(part(mic, i, n), part(far, i, n), part(near, i, n)))
	}
	return near
}

func TestTheEchoGoesAndTheNearEndStays(t *testing.T) {
	mic, far := sample(t)
	canceller := open(t, unecho.NewConfig(rate))
	near := stream(t, canceller, mic, far, 320)[canceller.Latency():]
	echo, voice := change(mic, near, farAlone), change(mic, near, nearAlone)
	t.Logf("echo %.1f dB, near end %.2f dB", echo, voice)
	if echo > -25 || math.Abs(voice) > 1 {
		t.Errorf("echo %.1f dB, near end %.2f dB", echo, voice)
	}
	stats := canceller.Stats()
	if stats.Frames != uint64(len(mic)) || !stats.Aligned {
		t.Errorf("%+v", stats)
	}
	if math.Abs(float64(stats.DelayMs)-22) > 2 { // samples/README.md
		t.Errorf("the delay is %g ms", stats.DelayMs)
	}
	if canceller.Kernels() == "" {
		t.Error("no kernels")
	}
}

func TestTheBitsAreThoseOfTheCommandLine(t *testing.T) {
	tool := need(t, "UNECHO_TOOL")
	micInt, farInt := sample(t)
	mic, far := floats(micInt), floats(farInt)
	canceller := open(t, unecho.NewConfig(rate))
	near := make([]float32, len(mic))
	for i := 0; i < chunks(mic, 777); i++ {
		check(t, canceller.Process(part(mic, i, 777), part(far, i, 777), part(near, i, 777)))
	}
	folder := t.TempDir()
	write := func(name string, samples []float32) {
		var raw bytes.Buffer
		check(t, binary.Write(&raw, binary.LittleEndian, samples))
		check(t, os.WriteFile(filepath.Join(folder, name), raw.Bytes(), 0o666))
	}
	write("mic.f32", mic)
	write("far.f32", far)
	command := exec.Command(tool, "process", "--quiet", "--raw", "f32le", "--chunk", "480",
		"--reference-late", "0", "mic.f32", "far.f32", "-o", "near.f32")
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(folder, "near.f32"))
	check(t, err)
	expected := make([]float32, len(raw)/4)
	check(t, binary.Read(bytes.NewReader(raw), binary.LittleEndian, expected))
	late := near[canceller.Latency():]
	if !equal(late, expected[:len(late)]) {
		t.Error("other bits")
	}
}

func TestAnyChunkInPlaceAfterAResetAndInAnotherGoroutine(t *testing.T) {
	mic, far := sample(t)
	mic, far = mic[128000:160000], far[128000:160000]
	canceller := open(t, unecho.NewConfig(rate))
	expected := stream(t, canceller, mic, far, 160)
	if power(expected, [2]float64{0, 2}) < 1000 {
		t.Error("there is nothing to compare")
	}
	for _, n := range []int{1, 77, 480, len(mic)} {
		check(t, canceller.Reset())
		if !equal(stream(t, canceller, mic, far, n), expected) {
			t.Errorf("chunks of %d give other bits", n)
		}
	}
	check(t, canceller.Reset())
	buffer := append([]int16(nil), mic...)
	done := make(chan error)
	go func() { done <- canceller.ProcessInt16(buffer, far, buffer) }()
	check(t, <-done)
	if !equal(buffer, expected) {
		t.Error("other bits in place")
	}
	check(t, canceller.Reset())
	buffer = append([]int16(nil), far...)
	check(t, canceller.ProcessInt16(mic, buffer, buffer))
	if !equal(buffer, expected) {
		t.Error("other bits in the place of the far end")
	}
}

func TestTheNextCallKnowsTheEcho(t *testing.T) {
	mic, far := sample(t)
	// secondCall is how much louder the first second of two is afterwards.
	secondCall := func(canceller *unecho.Canceller) float64 {
		mic, far := mic[16000:48000], far[16000:48000]
		near := stream(t, canceller, mic, far, 320)
		return change(mic, near[canceller.Latency():], [2]float64{0, 1})
	}
	fresh, known := open(t, unecho.NewConfig(rate)), open(t, unecho.NewConfig(rate))
	stream(t, known, mic[48000:128000], far[48000:128000], 320)
	before := known.Stats()
	check(t, known.NextCall())
	after := known.Stats()
	if before.Frames != 80000 || after.Frames != 0 || after.FarActiveSeconds != 0 || after.Realignments != 0 {
		t.Errorf("the counts do not begin anew: %+v", after)
	}
	if !after.Aligned || math.Abs(float64(after.DelayMs-before.DelayMs)) > 1 {
		t.Errorf("the delay was %g ms: %+v", before.DelayMs, after)
	}
	// Silent from the first word on, where a fresh stream has to find the echo.
	if echo, freshEcho := secondCall(known), secondCall(fresh); echo > freshEcho-20 {
		t.Errorf("echo %.1f dB, in a fresh stream %.1f dB", echo, freshEcho)
	}
}

func TestAFarEndAtAnotherRate(t *testing.T) {
	mic, slow := sample(t)
	far := make([]int16, 2*len(slow))
	for i := range far {
		far[i] = slow[i/2]
	}
	config := unecho.NewConfig(rate)
	config.FarRate = 2 * rate
	canceller := open(t, config)
	near := make([]int16, len(mic))
	for i := 0; i < chunks(mic, 320); i++ {
		check(t, canceller.PushFarInt16(part(far, i, 640)))
		check(t, canceller.ProcessInt16(part(mic, i, 320), nil, part(near, i, 320)))
	}
	if echo := change(mic, near[canceller.Latency():], farAlone); echo > -25 {
		t.Errorf("echo %.1f dB", echo)
	}
	check(t, canceller.PushFar(make([]float32, 640)))
	check(t, canceller.NotifyGap(320, 0))
}

func TestWholeRecordings(t *testing.T) {
	micInt, farInt := sample(t)
	mic, far := floats(micInt), floats(farInt)
	near, err := unecho.ProcessRecording(mic, far[:160000], rate)
	check(t, err)
	if len(near) != len(mic) {
		t.Fatalf("%d samples of %d", len(near), len(mic))
	}
	if echo := change(mic, near, farAlone); echo > -25 {
		t.Errorf("echo %.1f dB", echo)
	}
	canceller := open(t, unecho.NewConfig(rate))
	again, err := canceller.ProcessRecording(mic, far[:160000])
	check(t, err)
	if !equal(again, near) || canceller.Stats().Frames != uint64(len(mic)) {
		t.Error("the method gives other bits")
	}
	if _, err := unecho.ProcessRecording(mic, far, 4000); !errors.Is(err, unecho.ErrSampleRate) {
		t.Error(err)
	}
}

func TestARecordIsReplayed(t *testing.T) {
	tool := need(t, "UNECHO_TOOL")
	mic, far := sample(t)
	config := unecho.NewConfig(rate)
	config.RecordCapacity = 1 << 20
	canceller := open(t, config)
	var record bytes.Buffer
	buffer := make([]byte, 10000)
	near := make([]int16, 320)
	for i := 0; i < 100; i++ {
		check(t, canceller.ProcessInt16(part(mic, i, 320), part(far, i, 320), near))
		for {
			n, err := canceller.ReadRecord(buffer)
			check(t, err)
			if n == 0 {
				break
			}
			record.Write(buffer[:n])
		}
	}
	path := filepath.Join(t.TempDir(), "call.unecho")
	check(t, os.WriteFile(path, record.Bytes(), 0o666))
	if out, err := exec.Command(tool, "replay", path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
