//! Acoustic echo cancellation: the microphone without what the loudspeaker plays.
//!
//! ```
//! let mut canceller = unecho::Config::new(48000).open()?;
//! let (mic, far) = ([0.0; 480], [0.0; 480]);
//! let mut near = [0.0; 480];
//! canceller.process(&mic, Some(&far), &mut near)?;     // any number of frames
//! assert_eq!(canceller.latency(), 1048);
//! # Ok::<(), unecho::Error>(())
//! ```
//!
//! Samples are f32 in [-1, 1] or i16; several channels are interleaved. A frame is one sample of every
//! channel. `process` and the other methods of [`Canceller`] allocate nothing, take no lock and make
//! no system call, so that an audio callback may call them; only `next_call` takes as long as a second
//! of audio. `unecho.h` is the manual in full.

mod config;
mod error;
mod model;
mod playout;
mod stream;

pub use config::{Align, Channel, Config, Engine, Precision};
pub use error::{Error, Status};
pub use model::{Model, ModelKind};
pub use playout::Playout;
pub use stream::{process, Canceller, Sample, Stats};

/// The version of the library that runs.
pub fn version() -> &'static str {
    // A string constant of the library.
    let text = unsafe { std::ffi::CStr::from_ptr(unecho_sys::unecho_version()) };
    text.to_str().unwrap_or_default()
}
