package unecho

// #include "stream.h"
import "C"

import "sync"

// More than this many seconds cannot wait: the microphone has stopped.
const secondsMax = 300

// How late the next audio may be without a pause before it. The library's queue waits 100 ms, by the
// hop: it is never left without far end for so long.
const patienceMs = 80

// Whole frames of any number of channels, 1 to 8.
var silence [840]float32

// Playout is what the loudspeaker plays, which comes sooner than it is played: the far end of a voice
// agent.
//
// Speech is synthesised faster than it is played, and when the user interrupts, what waits is never
// played. The library's queue cannot give back what was pushed: this is pushed by ProcessPlayout just
// when the microphone has reached it. What is played counts from the next frame of microphone on, and
// goes on without a gap as the microphone does; where nothing waits it is silence. One Playout serves
// one canceller. Its methods may be called by any goroutine.
type Playout struct {
	rate     int
	channels int

	mutex   sync.Mutex
	parts   [][]float32 // what waits
	waiting int         // its samples
	held    bool
	idle    bool  // nothing is being played: what comes next is played when it comes, not late
	due     int64 // how much far end the microphone has been ahead of, in frames * its rate
}

// NewPlayout takes rate in Hz and channels of what is played: FarRate and FarChannels of the canceller.
func NewPlayout(rate, channels int) *Playout {
	if channels < 1 {
		channels = 1
	}
	return &Playout{rate: rate, channels: channels, idle: true}
}

// Waiting is how many frames have not been played yet.
func (p *Playout) Waiting() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.waiting / p.channels
}

// Play adds what is played, where it goes to the loudspeaker, after what waits: a copy, of any number
// of frames. More than 300 s cannot wait: all of it is dropped, and this is an error.
func (p *Playout) Play(audio []float32) error {
	return play(p, audio)
}

// PlayInt16 is Play for int16.
func (p *Playout) PlayInt16(audio []int16) error {
	return play(p, audio)
}

func play[S Sample](p *Playout, audio []S) error {
	if len(audio)%p.channels != 0 {
		return wrong("audio has %d samples, expected whole frames of %d", len(audio), p.channels)
	}
	if len(audio) == 0 {
		return nil
	}
	part := make([]float32, len(audio))
	toFloat(part, audio)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.waiting+len(part) > secondsMax*p.rate*p.channels {
		p.interrupt()
		return wrong("more than %d s wait to be played and are dropped: does the microphone still run?",
			secondsMax)
	}
	p.parts = append(p.parts, part)
	p.waiting += len(part)
	return nil
}

// Interrupt forgets what waits, where the loudspeaker does: it is never played.
func (p *Playout) Interrupt() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.interrupt()
}

func (p *Playout) interrupt() {
	p.parts = nil
	p.waiting = 0
	p.idle = true
}

// Pause plays nothing until Resume; of what waits, the first droppedMs are never played.
func (p *Playout) Pause(droppedMs int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if !p.held && droppedMs > 0 {
		// No more than may wait.
		dropped := int64(min(droppedMs, secondsMax*1000)) * int64(p.rate) / 1000
		for left := min(int(dropped)*p.channels, p.waiting); left > 0; {
			left -= len(p.next(left))
		}
	}
	p.held = true
	p.idle = true
}

// Resume plays the rest.
func (p *Playout) Resume() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.held = false
}

// next takes at most that many samples of what waits, where something does.
func (p *Playout) next(most int) []float32 {
	part := p.parts[0]
	if len(part) > most {
		p.parts[0] = part[most:]
		part = part[:most]
	} else {
		p.parts[0] = nil
		p.parts = p.parts[1:]
	}
	p.waiting -= len(part)
	return part
}

// take pushes what is played while the microphone records that many frames at that rate.
func (p *Playout) take(frames, rate int, push func([]float32) error) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	own, other := int64(p.rate), int64(rate)
	due := p.due + int64(frames)*own
	wanted := int(due / other)
	there := 0
	if !p.held {
		there = min(wanted, p.waiting/p.channels)
	}
	p.idle = p.idle && there == 0 || (due-int64(there)*other)*1000 > patienceMs*other*own
	taken := there
	if p.idle {
		taken = wanted
	}
	p.due = due - int64(taken)*other
	for left := there * p.channels; left > 0; {
		part := p.next(left)
		if err := push(part); err != nil {
			return err
		}
		left -= len(part)
	}
	for left := (taken - there) * p.channels; left > 0; {
		part := silence[:min(left, len(silence)/p.channels*p.channels)]
		if err := push(part); err != nil {
			return err
		}
		left -= len(part)
	}
	return nil
}

// ProcessPlayout takes frames of microphone, with what the playout plays meanwhile as the far end, and
// gives as many frames of near end. For cancellers with FarRate or FarQueueMs.
func (c *Canceller) ProcessPlayout(mic []float32, playout *Playout, near []float32) error {
	return processPlayout(c, mic, playout, near, (*Canceller).Process)
}

// ProcessPlayoutInt16 is ProcessPlayout for int16.
func (c *Canceller) ProcessPlayoutInt16(mic []int16, playout *Playout, near []int16) error {
	return processPlayout(c, mic, playout, near, (*Canceller).ProcessInt16)
}

func processPlayout[S Sample](c *Canceller, mic []S, playout *Playout, near []S,
	process func(c *Canceller, mic, far, near []S) error) error {
	n, err := frames(c, mic, nil, near)
	if err != nil {
		return err
	}
	if playout == nil {
		return wrong("playout is nil")
	}
	if !c.queued() || playout.rate != c.config.FarRate || playout.channels != c.config.FarChannels {
		return wrong("playout has other rate or channels than FarRate and FarChannels of the canceller")
	}
	if c.config.WholeHops && n%Hop != 0 {
		return result(C.UNECHO_ERROR_CHUNK)
	}
	// By turns where the queue would not hold all of the far end.
	turn := max(c.config.FarQueueMs*c.config.SampleRate/4000/Hop, 1) * Hop
	for n > 0 {
		part := min(n, turn)
		if err := playout.take(part, c.config.SampleRate, c.PushFar); err != nil {
			return err
		}
		samples := part * c.config.MicChannels
		if err := process(c, mic[:samples], nil, near[:samples]); err != nil {
			return err
		}
		mic, near, n = mic[samples:], near[samples:], n-part
	}
	return nil
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}
