package unecho_test

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"unecho"
)

func TestSettings(t *testing.T) {
	mic, far := sample(t)
	mic, far = mic[:64000], far[:64000]
	changed := open(t, unecho.NewConfig(rate))
	usual := stream(t, changed, mic, far, 320)
	check(t, changed.SetSuppression(0))
	check(t, changed.SetNoiseReductionDB(10))
	check(t, changed.SetComfortNoise(true))
	check(t, changed.Reset())
	config := unecho.NewConfig(rate)
	config.Suppression = 0
	config.NoiseReductionDB = 10
	config.ComfortNoise = true
	expected := stream(t, open(t, config), mic, far, 320)
	if !equal(stream(t, changed, mic, far, 320), expected) {
		t.Error("changed while it runs they give other bits")
	}
	if change(usual, expected, [2]float64{1, 3.9}) < 20 {
		t.Error("they change little")
	}
}

func TestSettingsTogether(t *testing.T) {
	config := unecho.NewConfig(48000)
	config.MicChannels, config.MicChannel = 2, unecho.ChannelMean
	config.FarChannels = 2
	config.Align, config.DelayMs = unecho.AlignFixed, 20
	config.Precision = unecho.PrecisionInt8
	config.LinearTailMs = 128
	config.ReferenceLateMs = 10
	config.HopsAtOnce = 1
	config.HighBand = false
	canceller := open(t, config)
	both := make([]float32, 960)
	check(t, canceller.Process(both, both, make([]float32, 960)))
	if stats := canceller.Stats(); stats.Frames != 480 || stats.DelayMs != 20 || !stats.Aligned {
		t.Errorf("%+v", stats)
	}
	check(t, canceller.NotifyGap(480, 0)) // 10 ms
	if delay := canceller.Stats().DelayMs; delay != 10 {
		t.Errorf("the delay is %g ms", delay)
	}
	if canceller.Latency() != 1528 { // 1048 and 10 ms
		t.Error(canceller.Latency())
	}
}

// refused checks kind and text of an error.
func refused(t *testing.T, err error, status unecho.Status, text string) {
	t.Helper()
	if !errors.Is(err, status) || !strings.Contains(err.Error(), text) {
		t.Errorf("%v, expected one with %q", err, text)
	}
	var e *unecho.Error
	if !errors.As(err, &e) || e.Status != status || err.Error() != "unecho: "+e.Message {
		t.Errorf("%v is no Error of status %d", err, status)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for _, wrong := range []struct {
		change func(*unecho.Config)
		status unecho.Status
		text   string
	}{
		{func(c *unecho.Config) { *c = unecho.Config{} }, unecho.ErrSampleRate, "SampleRate"},
		{func(c *unecho.Config) { c.SampleRate = 7999 }, unecho.ErrSampleRate, "SampleRate is 7999"},
		{func(c *unecho.Config) { c.SampleRate = math.MaxInt }, unecho.ErrSampleRate, "192000"},
		{func(c *unecho.Config) { c.SampleRate = math.MinInt }, unecho.ErrSampleRate, "SampleRate"},
		{func(c *unecho.Config) { c.FarRate = -1 }, unecho.ErrSampleRate, "FarRate"},
		{func(c *unecho.Config) { c.FarQueueMs = 19 }, unecho.ErrArgument, "FarQueueMs is 19"},
		{func(c *unecho.Config) { c.FarQueueMs = -1 }, unecho.ErrArgument, "FarQueueMs is -1"},
		{func(c *unecho.Config) { c.MicChannels = math.MaxInt }, unecho.ErrArgument, "MicChannels"},
		{func(c *unecho.Config) { c.MicChannel = 1 }, unecho.ErrArgument, "MicChannel is 1"},
		{func(c *unecho.Config) { c.FarChannels = 9 }, unecho.ErrArgument, "FarChannels is 9"},
		{func(c *unecho.Config) { c.Engine = 3 }, unecho.ErrArgument, "Engine is 3"},
		{func(c *unecho.Config) { c.Align = -1 }, unecho.ErrArgument, "Align is -1"},
		{func(c *unecho.Config) { c.Align, c.DelayMs = unecho.AlignFixed, 1001 }, unecho.ErrArgument, "DelayMs is 1001"},
		{func(c *unecho.Config) { c.ReferenceLateMs = 1001 }, unecho.ErrArgument, "ReferenceLateMs"},
		{func(c *unecho.Config) { c.SampleRate, c.WholeHops = 48000, true }, unecho.ErrArgument, "WholeHops"},
		{func(c *unecho.Config) { c.HopsAtOnce = 65 }, unecho.ErrArgument, "HopsAtOnce is 65"},
		{func(c *unecho.Config) { c.Precision = 4 }, unecho.ErrArgument, "Precision is 4"},
		{func(c *unecho.Config) { c.LinearTailMs = 65 }, unecho.ErrArgument, "LinearTailMs is 65"},
		{func(c *unecho.Config) { c.Suppression = float32(math.NaN()) }, unecho.ErrArgument, "Suppression is"},
		{func(c *unecho.Config) { c.NoiseReductionDB = 61 }, unecho.ErrArgument, "NoiseReductionDB is 61"},
		{func(c *unecho.Config) { c.RecordCapacity = 1 }, unecho.ErrArgument, "RecordCapacity is 1"},
		{func(c *unecho.Config) { c.CellLimit = -1 }, unecho.ErrArgument, "CellLimit is -1"},
	} {
		config := unecho.NewConfig(rate)
		wrong.change(&config)
		_, err := config.Open()
		refused(t, err, wrong.status, wrong.text)
	}
	canceller := open(t, unecho.NewConfig(rate))
	refused(t, canceller.SetSuppression(float32(math.NaN())), unecho.ErrArgument, "strength is NaN")
	refused(t, canceller.SetSuppression(3.1), unecho.ErrArgument, "strength is 3.1, expected 0 to 3")
	refused(t, canceller.SetNoiseReductionDB(-1), unecho.ErrArgument, "db is -1, expected 0 to 60")
}

func TestModels(t *testing.T) {
	models := need(t, "UNECHO_MODELS")
	dtln, err := unecho.BuiltinModel(unecho.DtlnAec)
	check(t, err)
	config := unecho.NewConfig(rate)
	config.Model = dtln
	both := open(t, config)
	config.Engine = unecho.EngineNeural
	neural := open(t, config)
	check(t, dtln.Close()) // the cancellers have references of their own
	check(t, dtln.Close())
	_, err = config.Open()
	refused(t, err, unecho.ErrClosed, "Model")
	samples := make([]float32, 320)
	check(t, both.Process(samples, samples, samples))
	if both.Latency() != 512 || neural.Latency() != 512 {
		t.Error(both.Latency(), neural.Latency())
	}

	postfilter, err := unecho.BuiltinModel(unecho.Postfilter)
	check(t, err)
	defer postfilter.Close()
	config = unecho.NewConfig(rate)
	config.Model = postfilter
	if latency := open(t, config).Latency(); latency != 256 {
		t.Error(latency)
	}

	loaded, err := unecho.LoadModel(models + "/unecho-128")
	check(t, err)
	defer loaded.Close()
	var files [][]byte
	for _, name := range []string{"/unecho-128_1.onnx", "/unecho-128_2.onnx"} {
		file, err := os.ReadFile(models + name)
		check(t, err)
		files = append(files, file)
	}
	parsed, err := unecho.ParseModel(files...)
	check(t, err)
	defer parsed.Close()
	mic, far := sample(t)
	var outputs [2][]int16
	for i, model := range []*unecho.Model{loaded, parsed} {
		config.Model = model
		outputs[i] = stream(t, open(t, config), mic[:32000], far[:32000], 320)
	}
	if !equal(outputs[0], outputs[1]) {
		t.Error("a model in memory gives other bits")
	}
}

func TestWrongModelsAreNamed(t *testing.T) {
	_, err := unecho.LoadModel("nowhere")
	refused(t, err, unecho.ErrFile, "nowhere")
	_, err = unecho.LoadModel("a\x00b")
	refused(t, err, unecho.ErrArgument, "prefix")
	_, err = unecho.BuiltinModel(9)
	refused(t, err, unecho.ErrArgument, "")
	_, err = unecho.ParseModel()
	refused(t, err, unecho.ErrArgument, "files")
	_, err = unecho.ParseModel(nil)
	refused(t, err, unecho.ErrFormat, "empty")
	_, err = unecho.ParseModel([]byte("not a model"))
	refused(t, err, unecho.ErrFormat, "")
}
