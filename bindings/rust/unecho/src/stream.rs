use std::ffi::CStr;
use std::mem::size_of;
use std::os::raw::c_int;
use std::ptr::{self, NonNull};

use unecho_sys as sys;

use crate::config::Config;
use crate::error::{check, Error, Status};
use crate::playout::Playout;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for i16 {}
}

/// f32 in [-1, 1], or i16.
pub trait Sample: sealed::Sealed + Copy {
    #[doc(hidden)]
    unsafe fn process(
        stream: *mut sys::unecho,
        mic: *const Self,
        far: *const Self,
        out: *mut Self,
        n: usize,
    ) -> c_int;
    #[doc(hidden)]
    unsafe fn push_far(stream: *mut sys::unecho, far: *const Self, n: usize) -> c_int;
    #[doc(hidden)]
    fn to_f32(self) -> f32;
}

macro_rules! sample {
    ($type:ty, $process:ident, $push_far:ident, $full_scale:literal) => {
        impl Sample for $type {
            unsafe fn process(
                stream: *mut sys::unecho,
                mic: *const Self,
                far: *const Self,
                out: *mut Self,
                n: usize,
            ) -> c_int {
                sys::$process(stream, mic, far, out, n)
            }
            unsafe fn push_far(stream: *mut sys::unecho, far: *const Self, n: usize) -> c_int {
                sys::$push_far(stream, far, n)
            }
            fn to_f32(self) -> f32 {
                f32::from(self) / $full_scale
            }
        }
    };
}
sample!(f32, unecho_process, unecho_push_far, 1.0);
sample!(i16, unecho_process_int16, unecho_push_far_int16, 32768.0);

/// What a canceller has seen since it was opened or reset, or since
/// [`next_call`](Canceller::next_call): the fields of `unecho_stats` in `unecho.h`.
pub type Stats = sys::unecho_stats;

const HOP: usize = sys::UNECHO_HOP;

/// The result of a setter.
fn in_range(status: c_int, message: &'static str) -> Result<(), Error> {
    match check(status) {
        Err(error) if error.status() == Status::Argument => Err(Error::argument(message)),
        other => other,
    }
}

/// One conversation. It may move between threads; calls need `&mut`, so they never overlap.
#[derive(Debug)]
pub struct Canceller {
    stream: NonNull<sys::unecho>,
    shape: Shape,
}

/// What the samples of a canceller are like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub rate: u32,
    pub channels: usize,
    pub far_rate: u32,
    pub far_channels: usize,
    pub far_queue_ms: u32, // 0: the far end comes with the microphone
    pub whole_hops: bool,
}

// Calls on one stream may come from any thread, one after another, and all that read or write take
// &mut or are plain reads.
unsafe impl Send for Canceller {}

impl Canceller {
    /// Takes over an open stream with these settings.
    pub(crate) unsafe fn new(stream: *mut sys::unecho, shape: Shape) -> Canceller {
        let stream = NonNull::new(stream).expect("unecho_open gave a stream");
        Canceller { stream, shape }
    }

    /// The number of frames in interleaved samples.
    fn frames(samples: usize, channels: usize) -> Result<usize, Error> {
        if samples % channels == 0 {
            Ok(samples / channels)
        } else {
            Err(Error::argument(
                "the number of samples is not a multiple of the channels",
            ))
        }
    }

    fn queued(&self) -> bool {
        self.shape.far_queue_ms > 0
    }

    fn check_far(&self, frames: usize, far: usize) -> Result<(), Error> {
        if self.queued() {
            return Err(Error::argument(
                "the far end is queued: pass it to push_far",
            ));
        }
        if Canceller::frames(far, self.shape.far_channels)? != frames {
            return Err(Error::argument(
                "microphone and far end have different numbers of frames",
            ));
        }
        Ok(())
    }

    /// Take frames of microphone and far end (None: silence, or what was pushed), and give as many
    /// frames of near end, [`latency`](Canceller::latency) frames behind the microphone.
    pub fn process<S: Sample>(
        &mut self,
        mic: &[S],
        far: Option<&[S]>,
        out: &mut [S],
    ) -> Result<(), Error> {
        let frames = Canceller::frames(mic.len(), self.shape.channels)?;
        if out.len() != mic.len() {
            return Err(Error::argument(
                "microphone and output have different lengths",
            ));
        }
        if let Some(far) = far {
            self.check_far(frames, far.len())?;
        }
        let far = far.map_or(ptr::null(), <[S]>::as_ptr);
        check(unsafe {
            S::process(
                self.stream.as_ptr(),
                mic.as_ptr(),
                far,
                out.as_mut_ptr(),
                frames,
            )
        })
    }

    /// The same in place.
    pub fn process_in_place<S: Sample>(
        &mut self,
        mic: &mut [S],
        far: Option<&[S]>,
    ) -> Result<(), Error> {
        let frames = Canceller::frames(mic.len(), self.shape.channels)?;
        if let Some(far) = far {
            self.check_far(frames, far.len())?;
        }
        let far = far.map_or(ptr::null(), <[S]>::as_ptr);
        let buffer = mic.as_mut_ptr();
        check(unsafe { S::process(self.stream.as_ptr(), buffer, far, buffer, frames) })
    }

    /// Take frames of microphone, with what the playout plays meanwhile as the far end, and give as
    /// many frames of near end. For cancellers with `far_rate` or `far_queue_ms`; real-time safe.
    pub fn process_playout<S: Sample>(
        &mut self,
        mic: &[S],
        playout: &mut Playout,
        out: &mut [S],
    ) -> Result<(), Error> {
        let shape = self.shape;
        let frames = Canceller::frames(mic.len(), shape.channels)?;
        if out.len() != mic.len() {
            return Err(Error::argument(
                "microphone and output have different lengths",
            ));
        }
        if !self.queued() || !playout.fits(shape.far_rate, shape.far_channels) {
            return Err(Error::argument(
                "the playout's rate and channels are not far_rate and far_channels of the canceller",
            ));
        }
        if shape.whole_hops && frames % HOP != 0 {
            return check(sys::UNECHO_ERROR_CHUNK);
        }
        // By turns where the queue would not hold all of the far end.
        let turn = (shape.far_queue_ms as usize * shape.rate as usize / 4000 / HOP).max(1) * HOP;
        let parts = mic.chunks(turn * shape.channels);
        for (mic, out) in parts.zip(out.chunks_mut(turn * shape.channels)) {
            playout.take(mic.len() / shape.channels, shape.rate, |far| {
                self.push_far(far)
            })?;
            self.process(mic, None, out)?;
        }
        Ok(())
    }

    /// Queue frames of far end, with `far_rate` or `far_queue_ms`, at the pace at which it is played.
    /// What comes sooner goes into a [`Playout`]: more than `far_queue_ms` is dropped.
    pub fn push_far<S: Sample>(&mut self, far: &[S]) -> Result<(), Error> {
        if !self.queued() {
            return Err(Error::argument(
                "the far end is not queued: pass it to process",
            ));
        }
        let frames = Canceller::frames(far.len(), self.shape.far_channels)?;
        check(unsafe { S::push_far(self.stream.as_ptr(), far.as_ptr(), frames) })
    }

    /// Report that frames of microphone or far end were lost since the last call. Frames that were
    /// pushed and are never played count as lost by the microphone, in frames of its rate.
    pub fn notify_gap(&mut self, mic_lost: u64, far_lost: u64) -> Result<(), Error> {
        check(unsafe { sys::unecho_notify_gap(self.stream.as_ptr(), mic_lost, far_lost) })
    }

    /// How many frames the output is behind the microphone: constant.
    pub fn latency(&self) -> usize {
        let latency = unsafe { sys::unecho_latency(self.stream.as_ptr()) };
        usize::try_from(latency).unwrap_or(0)
    }

    /// Back to the state after opening, statistics included; settings stay.
    pub fn reset(&mut self) {
        unsafe { sys::unecho_reset(self.stream.as_ptr()) };
    }

    /// Begin another call on the same devices in the same room: like [`reset`](Canceller::reset), but
    /// what was learned of them is kept: the delay, the drift of the clocks, the echo path and the
    /// noise. So the echo is cancelled from the first word on. Takes about as long as to process a
    /// second of silence.
    pub fn next_call(&mut self) {
        unsafe { sys::unecho_next_call(self.stream.as_ptr()) };
    }

    /// How strongly residual echo is suppressed, 0 to 3, from the next 8 ms on.
    pub fn set_suppression(&mut self, strength: f32) -> Result<(), Error> {
        let status = unsafe { sys::unecho_set_suppression(self.stream.as_ptr(), strength) };
        in_range(status, "suppression is out of its range, 0 to 3")
    }

    /// How much background noise is reduced, 0 to 60 dB, from the next 8 ms on.
    pub fn set_noise_reduction_db(&mut self, db: u32) -> Result<(), Error> {
        let status = unsafe { sys::unecho_set_noise_reduction(self.stream.as_ptr(), db) };
        in_range(status, "noise_reduction_db is out of its range, 0 to 60")
    }

    /// Whether synthetic noise replaces noise that is removed with the echo.
    pub fn set_comfort_noise(&mut self, on: bool) -> Result<(), Error> {
        check(unsafe { sys::unecho_set_comfort_noise(self.stream.as_ptr(), c_int::from(on)) })
    }

    /// A snapshot of the statistics.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            size: size_of::<Stats>(),
            ..Stats::default()
        };
        unsafe { sys::unecho_get_stats(self.stream.as_ptr(), &mut stats) };
        stats
    }

    /// The instruction set in use: "plain", "avx2", "avx512", "neon", ...
    pub fn kernels(&self) -> &'static str {
        let name = unsafe { CStr::from_ptr(sys::unecho_kernels(self.stream.as_ptr())) };
        name.to_str().unwrap_or_default()
    }
}

impl Drop for Canceller {
    fn drop(&mut self) {
        let mut stream = self.stream.as_ptr();
        unsafe { sys::unecho_close(&mut stream) }
    }
}

/// Cancel the echo in a whole mono recording, without latency. A shorter far end is followed by
/// silence, a longer one is cut.
///
/// ```
/// let (mic, far) = (vec![0.0; 16000], vec![0.0; 12000]);
/// let near = unecho::process(&mic, &far, 16000)?;
/// assert_eq!(near.len(), mic.len());
/// # Ok::<(), unecho::Error>(())
/// ```
pub fn process(mic: &[f32], far: &[f32], sample_rate: u32) -> Result<Vec<f32>, Error> {
    let canceller = Config::new(sample_rate).open()?;
    let mut out = vec![0.0; mic.len()];
    check(unsafe {
        sys::unecho_process_whole(
            canceller.stream.as_ptr(),
            mic.as_ptr(),
            mic.len(),
            far.as_ptr(),
            far.len(),
            out.as_mut_ptr(),
            0,
        )
    })?;
    Ok(out)
}
