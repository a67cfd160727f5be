use crate::error::Error;
use crate::stream::Sample;

/// More than this many seconds cannot wait: the microphone has stopped.
const SECONDS_MAX: usize = 300;

/// How late the next audio may be without a pause before it. The library's queue waits 100 ms, by the
/// hop: it is never left without far end for so long.
const PATIENCE_MS: u64 = 80;

/// Whole frames of any number of channels, 1 to 8.
const SILENCE: [f32; 840] = [0.0; 840];

/// What the loudspeaker plays, which comes sooner than it is played: the far end of a voice agent.
///
/// Speech is synthesised faster than it is played, and when the user interrupts, what waits is never
/// played. The library's queue cannot give back what was pushed: this is pushed by
/// [`Canceller::process_playout`](crate::Canceller::process_playout) just when the microphone has
/// reached it. What is played counts from the next frame of microphone on, and goes on without a gap
/// as the microphone does; where nothing waits it is silence. One `Playout` serves one canceller.
///
/// ```
/// use unecho::{Config, Playout};
///
/// let mut canceller = Config::new(16000).far_rate(24000).open()?;
/// let mut playout = Playout::new(24000, 1);
/// playout.play(&[0i16; 24000])?;                               // a second
/// let mut near = [0i16; 320];
/// canceller.process_playout(&[0; 320], &mut playout, &mut near)?;   // 20 ms
/// assert_eq!(playout.waiting(), 23520);
/// playout.interrupt();
/// assert_eq!(playout.waiting(), 0);
/// # Ok::<(), unecho::Error>(())
/// ```
#[derive(Debug)]
pub struct Playout {
    rate: u32,
    channels: usize,
    samples: Vec<f32>,
    played: usize, // of these
    held: bool,
    /// Nothing is being played: what comes next is played when it comes, not late.
    idle: bool,
    /// How much far end the microphone has been ahead of, in frames * its rate.
    due: u64,
}

impl Playout {
    /// Rate in Hz and channels of what is played: `far_rate` and `far_channels` of the canceller.
    pub fn new(rate: u32, channels: u32) -> Playout {
        Playout {
            rate,
            channels: channels.max(1) as usize,
            samples: Vec::new(),
            played: 0,
            held: false,
            idle: true,
            due: 0,
        }
    }

    /// How many frames have not been played yet.
    pub fn waiting(&self) -> usize {
        (self.samples.len() - self.played) / self.channels
    }

    /// Add what is played, where it goes to the loudspeaker, after what waits: any number of frames.
    /// Allocates. More than 300 s cannot wait: all of it is dropped, and this is an error.
    pub fn play<S: Sample>(&mut self, audio: &[S]) -> Result<(), Error> {
        if audio.len() % self.channels != 0 {
            return Err(Error::argument(
                "the number of samples is not a multiple of the channels",
            ));
        }
        self.samples.drain(..self.played);
        self.played = 0;
        self.samples
            .extend(audio.iter().map(|&sample| sample.to_f32()));
        if self.waiting() > SECONDS_MAX * self.rate as usize {
            self.interrupt();
            return Err(Error::argument(
                "more than 300 s wait to be played and are dropped: does the microphone still run?",
            ));
        }
        Ok(())
    }

    /// Forget what waits, where the loudspeaker does: it is never played.
    pub fn interrupt(&mut self) {
        self.played = self.samples.len();
        self.idle = true;
    }

    /// Play nothing until `resume`; of what waits, the first `dropped_ms` are never played.
    pub fn pause(&mut self, dropped_ms: u32) {
        if !self.held {
            let dropped = u64::from(dropped_ms) * u64::from(self.rate) / 1000;
            let frames = usize::try_from(dropped).unwrap_or(usize::MAX);
            self.played += frames.min(self.waiting()) * self.channels;
        }
        self.held = true;
        self.idle = true;
    }

    /// Play the rest.
    pub fn resume(&mut self) {
        self.held = false;
    }

    pub(crate) fn fits(&self, rate: u32, channels: usize) -> bool {
        self.rate == rate && self.channels == channels
    }

    /// Push what is played while the microphone records that many frames at that rate.
    pub(crate) fn take(
        &mut self,
        frames: usize,
        rate: u32,
        mut push: impl FnMut(&[f32]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (own, rate) = (u64::from(self.rate), u64::from(rate));
        let due = self.due + frames as u64 * own;
        let wanted = (due / rate) as usize;
        let there = if self.held {
            0
        } else {
            wanted.min(self.waiting())
        };
        self.idle &= there == 0;
        self.idle |= (due - there as u64 * rate) * 1000 > PATIENCE_MS * rate * own;
        let taken = if self.idle { wanted } else { there };
        self.due = due - taken as u64 * rate;
        let begin = self.played;
        self.played += there * self.channels;
        push(&self.samples[begin..self.played])?;
        let mut silent = (taken - there) * self.channels;
        while silent > 0 {
            let n = silent.min(SILENCE.len() / self.channels * self.channels);
            push(&SILENCE[..n])?;
            silent -= n;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Playout;

    fn taken(playout: &mut Playout, frames: usize) -> Vec<f32> {
        let mut all = Vec::new();
        playout
            .take(frames, 1000, |samples| {
                all.extend_from_slice(samples);
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn pause_resume_and_lateness() {
        let sound: Vec<f32> = (1..=1000u16).map(f32::from).collect();
        let mut playout = Playout::new(1000, 1);
        assert_eq!(taken(&mut playout, 2), [0.0, 0.0]);
        playout.play(&sound[..4]).unwrap();
        assert_eq!(taken(&mut playout, 3), sound[..3]);
        assert_eq!(taken(&mut playout, 80), sound[3..4]);
        playout.play(&sound[4..90]).unwrap(); // 79 ms late: it catches up
        assert_eq!(taken(&mut playout, 1), sound[4..84]);
        playout.pause(2);
        playout.pause(2);
        assert_eq!(taken(&mut playout, 2), [0.0, 0.0]);
        assert_eq!(playout.waiting(), 4);
        playout.resume();
        assert_eq!(taken(&mut playout, 2), sound[86..88]);
        assert_eq!(taken(&mut playout, 40), sound[88..90]);
        assert_eq!(taken(&mut playout, 50), [0.0; 88]); // it was a pause
        playout.play(&sound[..3]).unwrap();
        playout.interrupt();
        assert_eq!(playout.waiting(), 0);
        assert_eq!(taken(&mut playout, 1500), [0.0; 1500]);
        playout.pause(u32::MAX);
        assert!(playout.play(&vec![0i16; 300_001]).is_err());
        assert_eq!(playout.waiting(), 0);
    }
}
