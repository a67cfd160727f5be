package unecho

// #include "stream.h"
//
// // The number of bytes, or a status. By value: Go would allocate what a pointer goes to.
// static int64_t read_record(unecho *stream, unsigned char *buffer, size_t capacity)
// {
//     size_t size;
//     const int status = unecho_record_read(stream, buffer, capacity, &size);
//     return status < 0 ? status : (int64_t)size;
// }
import "C"

import (
	"runtime"
	"unsafe"
)

// Canceller is one conversation.
type Canceller struct {
	stream  *C.unecho
	config  Config
	latency int
	kernels string
	calls   uint // written by every call, so that the race detector finds those that overlap
}

// newCanceller takes over an open stream with these settings.
func newCanceller(stream *C.unecho, config Config) *Canceller {
	c := &Canceller{
		stream:  stream,
		config:  config,
		latency: int(C.unecho_latency(stream)),
		kernels: C.GoString(C.unecho_kernels(stream)),
	}
	c.config.Model = nil // the stream has a reference of its own
	runtime.SetFinalizer(c, func(c *Canceller) { c.Close() })
	return c
}

// Close frees the canceller: every call fails afterwards, and a second Close does nothing. Its error is
// always nil. A canceller that is forgotten is closed by the garbage collector, which does not know how
// much memory it has.
func (c *Canceller) Close() error {
	c.calls++
	runtime.SetFinalizer(c, nil)
	C.unecho_close(&c.stream)
	return nil
}

// begin is the start of every call.
func (c *Canceller) begin() error {
	c.calls++
	if c.stream == nil {
		return &Error{ErrClosed, "the canceller is closed"}
	}
	return nil
}

// frames is the number of frames in a call, once its arguments are checked.
func frames[S Sample](c *Canceller, mic, far, near []S) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	n := len(mic) / c.config.MicChannels
	switch {
	case n*c.config.MicChannels != len(mic):
		return 0, wrong("mic has %d samples, expected whole frames of %d", len(mic), c.config.MicChannels)
	case len(near) != len(mic):
		return 0, wrong("near has %d samples, expected %d as mic", len(near), len(mic))
	case far != nil && c.queued():
		return 0, wrong("far is queued, with FarRate or FarQueueMs: pass it to PushFar")
	case far != nil && len(far) != n*c.config.FarChannels:
		return 0, wrong("far has %d samples, expected %d frames of %d as mic", len(far), n, c.config.FarChannels)
	case overlapInPart(near, mic):
		return 0, wrong("near overlaps mic in part")
	case overlapInPart(near, far):
		return 0, wrong("near overlaps far in part")
	case len(near) > 0 && len(far) > len(near) && unsafe.Pointer(&near[0]) == unsafe.Pointer(&far[0]):
		return 0, wrong("near is far, which has other channels")
	}
	return n, nil
}

// queued tells whether the far end comes by PushFar.
func (c *Canceller) queued() bool {
	return c.config.FarQueueMs > 0
}

// Process takes frames of microphone and far end, and gives as many frames of near end, Latency frames
// behind the microphone. far nil is silence, or what was pushed. near may be mic, or far if that has as
// many channels; otherwise they must not overlap.
func (c *Canceller) Process(mic, far, near []float32) error {
	n, err := frames(c, mic, far, near)
	if err != nil {
		return err
	}
	status := C.unecho_process(c.stream, floats(mic), floats(far), floats(near), C.size_t(n))
	runtime.KeepAlive(c)
	return result(status)
}

// ProcessInt16 is Process for int16.
func (c *Canceller) ProcessInt16(mic, far, near []int16) error {
	n, err := frames(c, mic, far, near)
	if err != nil {
		return err
	}
	status := C.unecho_process_int16(c.stream, ints(mic), ints(far), ints(near), C.size_t(n))
	runtime.KeepAlive(c)
	return result(status)
}

// pushed is the number of frames in a call of PushFar, once its arguments are checked.
func pushed[S Sample](c *Canceller, far []S) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	if !c.queued() {
		return 0, wrong("far is not queued, which needs FarRate or FarQueueMs: pass it to Process")
	}
	n := len(far) / c.config.FarChannels
	if n*c.config.FarChannels != len(far) {
		return 0, wrong("far has %d samples, expected whole frames of %d", len(far), c.config.FarChannels)
	}
	return n, nil
}

// PushFar queues frames of far end, with FarRate or FarQueueMs, at the pace at which it is played. What
// comes sooner goes into a Playout: more than FarQueueMs is dropped.
func (c *Canceller) PushFar(far []float32) error {
	n, err := pushed(c, far)
	if err != nil {
		return err
	}
	status := C.unecho_push_far(c.stream, floats(far), C.size_t(n))
	runtime.KeepAlive(c)
	return result(status)
}

// PushFarInt16 is PushFar for int16.
func (c *Canceller) PushFarInt16(far []int16) error {
	n, err := pushed(c, far)
	if err != nil {
		return err
	}
	status := C.unecho_push_far_int16(c.stream, ints(far), C.size_t(n))
	runtime.KeepAlive(c)
	return result(status)
}

// NotifyGap reports that frames of microphone or far end were lost since the last call. Frames that were
// pushed and are never played count as lost by the microphone, in frames of its rate.
func (c *Canceller) NotifyGap(micLost, farLost int) error {
	if err := c.begin(); err != nil {
		return err
	}
	if micLost < 0 || farLost < 0 {
		return wrong("micLost is %d and farLost %d, expected 0 or more", micLost, farLost)
	}
	status := C.unecho_notify_gap(c.stream, C.uint64_t(micLost), C.uint64_t(farLost))
	runtime.KeepAlive(c)
	return result(status)
}

// Latency is how many frames the output is behind the microphone: constant.
func (c *Canceller) Latency() int {
	return c.latency
}

// Kernels is the instruction set in use: "plain", "avx2", "avx512", "neon", ...
func (c *Canceller) Kernels() string {
	return c.kernels
}

// Reset returns to the state after opening, statistics included; settings stay.
func (c *Canceller) Reset() error {
	if err := c.begin(); err != nil {
		return err
	}
	status := C.unecho_reset(c.stream)
	runtime.KeepAlive(c)
	return result(status)
}

// NextCall begins another call on the same devices in the same room: like Reset, but what was learned of
// them is kept: the delay, the drift of the clocks, the echo path and the noise. So the echo is cancelled
// from the first word on. It takes about as long as to process a second of silence.
func (c *Canceller) NextCall() error {
	if err := c.begin(); err != nil {
		return err
	}
	status := C.unecho_next_call(c.stream)
	runtime.KeepAlive(c)
	return result(status)
}

// SetSuppression sets how strongly residual echo is suppressed, 0 to 3, from the next 8 ms on.
func (c *Canceller) SetSuppression(strength float32) error {
	if err := c.begin(); err != nil {
		return err
	}
	if !(strength >= 0 && strength <= C.UNECHO_SUPPRESSION_MAX) { // NaN, too
		return wrong("strength is %g, expected 0 to %d", strength, C.UNECHO_SUPPRESSION_MAX)
	}
	status := C.unecho_set_suppression(c.stream, C.float(strength))
	runtime.KeepAlive(c)
	return result(status)
}

// SetNoiseReductionDB sets how much background noise is reduced, 0 to 60, from the next 8 ms on.
func (c *Canceller) SetNoiseReductionDB(db int) error {
	if err := c.begin(); err != nil {
		return err
	}
	if db < 0 || db > C.UNECHO_NOISE_REDUCTION_MAX_DB {
		return wrong("db is %d, expected 0 to %d", db, C.UNECHO_NOISE_REDUCTION_MAX_DB)
	}
	status := C.unecho_set_noise_reduction(c.stream, C.uint(db))
	runtime.KeepAlive(c)
	return result(status)
}

// SetComfortNoise sets whether synthetic noise replaces noise that is removed with the echo.
func (c *Canceller) SetComfortNoise(on bool) error {
	if err := c.begin(); err != nil {
		return err
	}
	status := C.unecho_set_comfort_noise(c.stream, flag(on))
	runtime.KeepAlive(c)
	return result(status)
}

// ReadRecord reads the next bytes of the record of the calls, with RecordCapacity: their number, which
// is 0 if there are none yet. One goroutine at a time reads, also beside another call but Close. All
// bytes in order make the file that unecho replay reads: docs/record.md.
func (c *Canceller) ReadRecord(buffer []byte) (int, error) {
	switch {
	case c.stream == nil:
		return 0, &Error{ErrClosed, "the canceller is closed"}
	case c.config.RecordCapacity == 0:
		return 0, wrong("there is no record, which needs RecordCapacity")
	case len(buffer) == 0:
		return 0, nil
	}
	size := C.read_record(c.stream, (*C.uchar)(&buffer[0]), C.size_t(len(buffer)))
	runtime.KeepAlive(c)
	if size < 0 {
		return 0, result(C.int(size))
	}
	return int(size), nil
}

// Version is that of the library that runs.
func Version() string {
	return C.GoString(C.unecho_version())
}
