package unecho

// #include "stream.h"
//
// // By value: Go would allocate what a pointer goes to.
// static unecho_stats stats_of(const unecho *stream)
// {
//     unecho_stats stats = {.size = sizeof stats};
//     unecho_get_stats(stream, &stats);
//     return stats;
// }
import "C"

import "runtime"

// Stats is what a canceller has seen since it was opened or reset, or since NextCall: the fields of
// unecho_stats in unecho.h. Levels are in dB of full scale.
type Stats struct {
	Frames           uint64  // taken by Process
	MicDB            float32 // mean power of the microphone; silence has -infinity
	FarDB            float32 // of the far end
	OutDB            float32 // of the output
	Peak             float32 // highest magnitude of the output
	ErleDB           float32 // echo return loss enhancement while the far end is active
	LinearErleDB     float32 // the same of the linear filter
	FarActiveSeconds float32 // for how long the far end was
	FarSilentSeconds float32 // how much of the output is the unchanged microphone

	Aligned        bool    // a delay is found or set
	Confidence     float32 // how certain it is, 0 to 1; below 0.3 no echo is seen at present
	DelayMs        float32 // from a far-end sample's arrival to that of its echo
	DriftPpm       float32 // positive: the far end's clock is faster
	Realignments   uint32  // how often the far end was shifted
	LinearDiverged uint32  // how often the linear filter restarted

	GuardedSamples    uint64 // not finite or beyond +-100
	MicClippedSamples uint64 // at or beyond full scale
	FarClippedSamples uint64
	FarMissingFrames  uint64 // silence in place of far end that was not pushed in time
	FarDroppedFrames  uint64 // pushed, but dropped as the microphone had stopped
	LimitedHops       uint64 // of output that was turned down, as it was louder than the microphone
	FailedHops        uint64 // in which the network gave no usable numbers

	MicNowDB  float32 // of about the last 0.3 s
	FarNowDB  float32
	OutNowDB  float32
	ErleNowDB float32 // of the last 3 s in which the far end was active

	// NearEndActive is the probability, 0 to 1, that the near end's talker speaks in the newest 8 ms, or
	// did within the 100 ms before; -1 if unknown. For barge-in and turn-taking.
	NearEndActive  float32
	NearEndSeconds float32 // for how long it was at least 0.5
}

// Stats gives a snapshot of the statistics; the zero value after Close.
func (c *Canceller) Stats() Stats {
	if c.begin() != nil {
		return Stats{}
	}
	s := C.stats_of(c.stream)
	runtime.KeepAlive(c)
	return Stats{
		Frames:            uint64(s.frames),
		MicDB:             float32(s.mic_db),
		FarDB:             float32(s.far_db),
		OutDB:             float32(s.out_db),
		Peak:              float32(s.peak),
		ErleDB:            float32(s.erle_db),
		LinearErleDB:      float32(s.linear_erle_db),
		FarActiveSeconds:  float32(s.far_active_seconds),
		FarSilentSeconds:  float32(s.far_silent_seconds),
		Aligned:           s.aligned != 0,
		Confidence:        float32(s.confidence),
		DelayMs:           float32(s.delay_ms),
		DriftPpm:          float32(s.drift_ppm),
		Realignments:      uint32(s.realignments),
		LinearDiverged:    uint32(s.linear_diverged),
		GuardedSamples:    uint64(s.guarded_samples),
		MicClippedSamples: uint64(s.mic_clipped_samples),
		FarClippedSamples: uint64(s.far_clipped_samples),
		FarMissingFrames:  uint64(s.far_missing_frames),
		FarDroppedFrames:  uint64(s.far_dropped_frames),
		LimitedHops:       uint64(s.limited_hops),
		FailedHops:        uint64(s.failed_hops),
		MicNowDB:          float32(s.mic_now_db),
		FarNowDB:          float32(s.far_now_db),
		OutNowDB:          float32(s.out_now_db),
		ErleNowDB:         float32(s.erle_now_db),
		NearEndActive:     float32(s.near_end_active),
		NearEndSeconds:    float32(s.near_end_seconds),
	}
}
