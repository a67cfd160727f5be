// Package unecho cancels acoustic echo: it gives the microphone without what the loudspeaker plays.
//
//	canceller, err := unecho.NewConfig(48000).Open()
//	if err != nil {
//		return err
//	}
//	defer canceller.Close()
//	for {
//		...
//		err = canceller.Process(mic, far, near) // any number of frames
//	}
//
// Samples are float32 in [-1, 1] or int16; several channels are interleaved. A frame is one sample of
// every channel. The far end is what goes to the loudspeaker. unecho.h is the manual in full, and
// docs/go.md says how to build.
//
// # Goroutines
//
// Calls on one Canceller must not overlap, whichever goroutines make them; only ReadRecord may run
// beside another call. No lock enforces it, but the race detector finds calls that overlap. Different
// cancellers are independent. A Model and a Playout may be used by any number of goroutines at once.
//
// # Real time
//
// Process, PushFar, NotifyGap, Reset, NextCall, Stats, ReadRecord and the setters allocate nothing unless
// they fail, and what they call in C takes no lock and makes no system call; NextCall takes about as long
// as a second of audio does. ProcessMany allocates only to
// get larger memory than before, or after the garbage collector has taken it. ProcessPlayout takes the
// lock of its Playout.
//
// # Errors
//
// An error is an *Error, with the message of the library or of this package. errors.Is tells its kind,
// as in errors.Is(err, unecho.ErrSampleRate). Wrong arguments change nothing.
package unecho
