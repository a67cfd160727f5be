package unecho

// #include "stream.h"
//
// // The message is Go's memory, which no other memory of Go may point to: config is a copy.
// static int open_stream(unecho **stream, unecho_config config, char *message)
// {
//     config.message = message;
//     config.message_size = UNECHO_MESSAGE_SIZE;
//     return unecho_open(stream, &config);
// }
import "C"

import (
	"math"
	"runtime"
)

// Hop is the step of the canceller in frames at 16 kHz, 8 ms.
const Hop = C.UNECHO_HOP

// Engine is what cancels the echo.
type Engine int

const (
	// EngineNeural is the network alone, a DTLN-aec.
	EngineNeural Engine = C.UNECHO_ENGINE_NEURAL
	// EngineLinear is the linear filter alone.
	EngineLinear Engine = C.UNECHO_ENGINE_LINEAR
	// EngineLinearNeural is the linear filter, then the network: the default.
	EngineLinearNeural Engine = C.UNECHO_ENGINE_LINEAR_NEURAL
)

// Align is how the far end is aligned with its echo.
type Align int

const (
	// AlignAuto finds delay and clock drift and follows them: the default.
	AlignAuto Align = C.UNECHO_ALIGN_AUTO
	// AlignFixed takes the delay from DelayMs.
	AlignFixed Align = C.UNECHO_ALIGN_FIXED
	// AlignOff takes the signals as they come.
	AlignOff Align = C.UNECHO_ALIGN_OFF
)

// Precision is the arithmetic of the network.
type Precision int

const (
	PrecisionFP32 Precision = C.UNECHO_PRECISION_FP32
	PrecisionBF16 Precision = C.UNECHO_PRECISION_BF16
	PrecisionInt8 Precision = C.UNECHO_PRECISION_INT8
	// PrecisionAuto is int8 for a post-filter, fp32 for a DTLN-aec network: the default.
	PrecisionAuto Precision = C.UNECHO_PRECISION_AUTO
)

// ChannelMean is, for MicChannel, the mean of all channels.
const ChannelMean = C.UNECHO_CHANNEL_MEAN

// Config has the settings of a canceller. NewConfig gives the defaults: set what differs, then Open
// checks all of them. Names, ranges and defaults are those of unecho_config in unecho.h.
type Config struct {
	SampleRate int // of microphone and output, in Hz: 8000 to 192000

	// FarRate is the far end's rate in Hz. With 0 it is SampleRate; with another the far end is queued,
	// see PushFar.
	FarRate int
	// FarQueueMs is how much far end may wait for the microphone, 20 to 2000: it comes by PushFar then.
	// With 0 it comes with the microphone, or where FarRate is set 1000 ms may wait.
	FarQueueMs int

	MicChannels int // of microphone and output, 1 to 8
	MicChannel  int // the one that is cleaned, from 0, or ChannelMean
	FarChannels int // 1 to 8, all of which are cancelled

	Engine Engine
	Model  *Model // nil: the built-in one

	Align           Align
	DelayMs         float64 // with AlignFixed: how far the echo is behind the far end, up to 1000
	ReferenceLateMs int     // how late the far end may arrive after its echo, 0 to 1000; adds latency

	WholeHops bool // every call brings a multiple of Hop frames, at 16 kHz, which saves 8 ms
	// HopsAtOnce is the most hops in one pass, 1 to 64. 1 suits a live stream; for ProcessMany it is how
	// many cancellers go through at once.
	HopsAtOnce int

	Precision        Precision
	LinearTailMs     int     // how long an echo path the linear filter covers: 64 to 512, in steps of 8
	Suppression      float32 // how strongly residual echo is suppressed, 0 to 3
	NoiseReductionDB int     // how much background noise is reduced, 0 to 60
	ComfortNoise     bool    // synthetic noise replaces noise that is removed with the echo
	HighBand         bool    // what is above the network's range gets gains of its own, or is removed
	RecordCapacity   int     // bytes for a record that ReadRecord reads, 4096 to 2^30; 0: no record
	CellLimit        float32 // limit of the magnitude of a DTLN-aec's LSTM cells; 0: none
}

// What may wait where only FarRate is given.
const farQueueMs = 1000

// NewConfig gives the defaults, with the rate of microphone and output in Hz.
func NewConfig(sampleRate int) Config {
	var raw C.unecho_config
	C.unecho_config_init_size(&raw, C.sizeof_unecho_config)
	return Config{
		SampleRate:       sampleRate,
		FarRate:          int(raw.far_rate),
		FarQueueMs:       int(raw.far_queue_ms),
		MicChannels:      int(raw.mic_channels),
		MicChannel:       int(raw.mic_channel),
		FarChannels:      int(raw.far_channels),
		Engine:           Engine(raw.engine),
		Align:            Align(raw.align),
		DelayMs:          float64(raw.delay_ms),
		ReferenceLateMs:  int(raw.reference_late_ms),
		WholeHops:        raw.whole_hops != 0,
		HopsAtOnce:       int(raw.hops_at_once),
		Precision:        Precision(raw.precision),
		LinearTailMs:     int(raw.linear_tail_ms),
		Suppression:      float32(raw.suppression),
		NoiseReductionDB: int(raw.noise_reduction_db),
		ComfortNoise:     raw.comfort_noise != 0,
		HighBand:         raw.high_band != 0,
		RecordCapacity:   int(raw.record_capacity),
		CellLimit:        float32(raw.cell_limit),
	}
}

// Open opens a canceller. Close gives its memory back.
func (c Config) Open() (*Canceller, error) {
	if c.FarRate != 0 && c.FarQueueMs == 0 {
		c.FarQueueMs = farQueueMs
	}
	raw, err := c.raw()
	if err != nil {
		return nil, err
	}
	var stream *C.unecho
	var why message
	status := C.open_stream(&stream, raw, &why[0])
	runtime.KeepAlive(c.Model)
	if err := why.result(status); err != nil {
		return nil, err
	}
	if c.FarRate == 0 {
		c.FarRate = c.SampleRate
	}
	return newCanceller(stream, c), nil
}

// raw is the library's form. Numbers that its types do not have are refused here, others there.
func (c Config) raw() (C.unecho_config, error) {
	var raw C.unecho_config
	C.unecho_config_init_size(&raw, C.sizeof_unecho_config)
	if c.Model != nil {
		if c.Model.model == nil {
			return raw, &Error{ErrClosed, "Model is closed"}
		}
		raw.model = c.Model.model
	}
	for _, setting := range []struct {
		name  string
		value int
	}{
		{"FarQueueMs", c.FarQueueMs},
		{"MicChannels", c.MicChannels},
		{"FarChannels", c.FarChannels},
		{"ReferenceLateMs", c.ReferenceLateMs},
		{"HopsAtOnce", c.HopsAtOnce},
		{"LinearTailMs", c.LinearTailMs},
		{"NoiseReductionDB", c.NoiseReductionDB},
		{"RecordCapacity", c.RecordCapacity},
	} {
		if setting.value < 0 || int64(setting.value) > math.MaxUint32 {
			return raw, wrong("%s is %d, which is out of range", setting.name, setting.value)
		}
	}
	raw.sample_rate = narrow(c.SampleRate)
	raw.far_rate = narrow(c.FarRate)
	raw.far_queue_ms = C.uint(c.FarQueueMs)
	raw.mic_channels = C.uint(c.MicChannels)
	raw.mic_channel = narrow(c.MicChannel)
	raw.far_channels = C.uint(c.FarChannels)
	raw.engine = C.unecho_engine(narrow(int(c.Engine)))
	raw.align = C.unecho_align(narrow(int(c.Align)))
	raw.delay_ms = C.double(c.DelayMs)
	raw.reference_late_ms = C.uint(c.ReferenceLateMs)
	raw.whole_hops = flag(c.WholeHops)
	raw.hops_at_once = C.uint(c.HopsAtOnce)
	raw.precision = C.unecho_precision(narrow(int(c.Precision)))
	raw.linear_tail_ms = C.uint(c.LinearTailMs)
	raw.suppression = C.float(c.Suppression)
	raw.noise_reduction_db = C.uint(c.NoiseReductionDB)
	raw.comfort_noise = flag(c.ComfortNoise)
	raw.high_band = flag(c.HighBand)
	raw.record_capacity = C.size_t(c.RecordCapacity)
	raw.cell_limit = C.float(c.CellLimit)
	return raw, nil
}

// narrow gives the nearest number that C's int has: one out of range stays out of range.
func narrow(n int) C.int {
	switch {
	case n > math.MaxInt32:
		return math.MaxInt32
	case n < math.MinInt32:
		return math.MinInt32
	}
	return C.int(n)
}

func flag(on bool) C.int {
	if on {
		return 1
	}
	return 0
}
