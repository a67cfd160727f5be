package unecho

// #include <stdint.h>
import "C"

import (
	"math"
	"unsafe"
)

// Sample is float32 in [-1, 1], or int16.
type Sample interface {
	float32 | int16
}

func floats(samples []float32) *C.float {
	if len(samples) == 0 {
		return nil
	}
	return (*C.float)(&samples[0])
}

func ints(samples []int16) *C.int16_t {
	if len(samples) == 0 {
		return nil
	}
	return (*C.int16_t)(&samples[0])
}

// overlapInPart tells whether two slices share memory but do not begin together.
func overlapInPart[S Sample](a, b []S) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	size := unsafe.Sizeof(a[0])
	from, other := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))
	return from != other && from < other+uintptr(len(b))*size && other < from+uintptr(len(a))*size
}

// The library's conversions.

func toFloat[S Sample](to []float32, from []S) {
	switch from := any(from).(type) {
	case []float32:
		copy(to, from)
	case []int16:
		for i, x := range from {
			to[i] = float32(x) / 32768
		}
	}
}

func fromFloat[S Sample](to []S, from []float32) {
	switch to := any(to).(type) {
	case []float32:
		copy(to, from)
	case []int16:
		for i, x := range from {
			to[i] = rounded(x)
		}
	}
}

func rounded(x float32) int16 {
	scaled := math.Floor(float64(float32(x*32768) + 0.5))
	return int16(math.Max(math.MinInt16, math.Min(math.MaxInt16, scaled)))
}
