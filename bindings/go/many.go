package unecho

// #include <stdlib.h>
// #include "stream.h"
import "C"

import (
	"runtime"
	"strconv"
	"sync"
	"unsafe"
)

// batch is the memory of a call of ProcessMany. C may not be given arrays of Go's pointers: these are
// C's, and the samples are copied there and back.
type batch struct {
	streams  []*C.unecho
	mic, far []*C.float
	samples  []float32
}

var batches = sync.Pool{New: func() any {
	b := new(batch)
	runtime.SetFinalizer(b, func(b *batch) { b.free() })
	return b
}}

func (b *batch) free() {
	if cap(b.samples) > 0 {
		C.free(unsafe.Pointer(&b.samples[:1][0]))
		b.samples = nil
	}
}

// reserve makes room for that many samples and streams. Where there is none C.malloc panics, as make
// does.
func (b *batch) reserve(samples, streams int) {
	if cap(b.samples) < samples {
		b.free()
		b.samples = unsafe.Slice((*float32)(C.malloc(C.size_t(samples)*C.sizeof_float)), samples)
	}
	b.samples = b.samples[:0]
	if cap(b.streams) < streams {
		b.streams = make([]*C.unecho, 0, streams)
		b.mic = make([]*C.float, 0, streams)
		b.far = make([]*C.float, 0, streams)
	}
}

// put copies samples; nil stays nil.
func put[S Sample](b *batch, samples []S) *C.float {
	if samples == nil {
		return nil
	}
	begin := len(b.samples)
	b.samples = b.samples[:begin+len(samples)]
	toFloat(b.samples[begin:], samples)
	return floats(b.samples[begin:])
}

// clear forgets pointers to what others may free.
func (b *batch) clear() {
	for i := range b.streams {
		b.streams[i], b.mic[i], b.far[i] = nil, nil, nil
	}
	b.streams, b.mic, b.far = b.streams[:0], b.mic[:0], b.far[:0]
}

// ProcessMany is Process for many cancellers at once, for servers: canceller i takes mic[i] and far[i]
// and gives near[i], all of them as many frames. far nil, or any far[i] nil, is as with Process. Each
// gives the bits that it would give alone. 32767, of int16, does not count as clipped here.
//
// The cancellers must be different ones with a network, and have the same model (one Model, or nil for
// all) and Precision. The largest HopsAtOnce among them is how many go through at once.
func ProcessMany[S Sample](cancellers []*Canceller, mic, far, near [][]S) error {
	samples, n, err := checkMany(cancellers, mic, far, near)
	if err != nil || n == 0 {
		return err
	}
	b := batches.Get().(*batch)
	defer batches.Put(b)
	b.reserve(samples, len(cancellers))
	defer b.clear()
	for i, c := range cancellers {
		b.streams = append(b.streams, c.stream)
		b.mic = append(b.mic, put(b, mic[i]))
		if far != nil {
			b.far = append(b.far, put(b, far[i]))
		} else {
			b.far = append(b.far, nil)
		}
	}
	// Variables: where an address is taken in the call itself, cgo allocates to check the whole array.
	streams, mics, fars := &b.streams[0], &b.mic[0], &b.far[0]
	nears := mics
	status := C.unecho_process_many(streams, mics, fars, nears, C.size_t(len(cancellers)), C.size_t(n))
	runtime.KeepAlive(cancellers)
	if status == C.UNECHO_ERROR_ARGUMENT {
		return wrong("cancellers must be different ones, with a network, and have the same Model and Precision")
	}
	if err := result(status); err != nil {
		return err
	}
	for i := range near {
		fromFloat(near[i], unsafe.Slice((*float32)(b.mic[i]), len(near[i])))
	}
	return nil
}

// checkMany gives the number of samples to copy and of frames, once the arguments are checked.
func checkMany[S Sample](cancellers []*Canceller, mic, far, near [][]S) (samples, n int, err error) {
	count := len(cancellers)
	if len(mic) != count || len(near) != count || (far != nil && len(far) != count) {
		return 0, 0, wrong("cancellers, mic, far and near are %d, %d, %d and %d, expected as many of each",
			count, len(mic), len(far), len(near))
	}
	for i, c := range cancellers {
		if c == nil {
			return 0, 0, wrong("cancellers[%d] is nil", i)
		}
		var played []S
		if far != nil {
			played = far[i]
		}
		found, err := frames(c, mic[i], played, near[i])
		if err != nil {
			return 0, 0, wrongAt(i, err.(*Error))
		}
		if i > 0 && found != n {
			return 0, 0, wrong("mic[%d] has %d frames, mic[0] %d", i, found, n)
		}
		n = found
		samples += len(mic[i]) + len(played)
	}
	return samples, n, nil
}

// wrongAt says which canceller an error is about.
func wrongAt(i int, e *Error) error {
	return &Error{e.Status, "cancellers[" + strconv.Itoa(i) + "]: " + e.Message}
}
