use std::mem::{size_of, MaybeUninit};
use std::os::raw::c_int;
use std::ptr;

use unecho_sys as sys;

use crate::error::{Error, Message};
use crate::model::Model;
use crate::stream::{Canceller, Shape};

/// What cancels the echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The network alone, a DTLN-aec.
    Neural,
    /// The linear filter alone.
    Linear,
    /// The linear filter, then the network: the default.
    LinearNeural,
}

/// How the far end is aligned with its echo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Align {
    /// Delay and clock drift are found and followed: the default.
    Auto,
    /// The echo is this many milliseconds behind the far end.
    Fixed(f64),
    /// The signals are taken as they come.
    Off,
}

/// The arithmetic of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    Fp32,
    Bf16,
    Int8,
    /// Int8 for a post-filter, Fp32 for a DTLN-aec network: the default.
    Auto,
}

/// Which of the microphone's channels is cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// One of them, from 0.
    Index(u32),
    Mean,
}

/// The settings of a canceller: defaults and ranges are those of `unecho_config` in `unecho.h`.
/// [`open`](Config::open) checks them.
///
/// ```
/// use unecho::{Config, Engine, Status};
///
/// let canceller = Config::new(16000).engine(Engine::Linear).whole_hops(true).open()?;
/// assert_eq!(canceller.latency(), 0);
/// let error = Config::new(4000).open().err().unwrap();
/// assert_eq!(error.status(), Status::SampleRate);
/// # Ok::<(), unecho::Error>(())
/// ```
pub struct Config {
    raw: sys::unecho_config,
    model: Option<Model>, // what raw.model points to
}

/// How much far end may wait for the microphone where only far_rate is given, in milliseconds.
const FAR_QUEUE_MS: u32 = 1000;

impl Config {
    /// The defaults, with the rate of microphone and output in Hz.
    pub fn new(sample_rate: u32) -> Config {
        let mut raw = MaybeUninit::uninit();
        let mut raw = unsafe {
            sys::unecho_config_init_size(raw.as_mut_ptr(), size_of::<sys::unecho_config>());
            raw.assume_init()
        };
        raw.sample_rate = c_int::try_from(sample_rate).unwrap_or(c_int::MAX);
        Config { raw, model: None }
    }

    pub fn engine(mut self, engine: Engine) -> Config {
        self.raw.engine = match engine {
            Engine::Neural => sys::UNECHO_ENGINE_NEURAL,
            Engine::Linear => sys::UNECHO_ENGINE_LINEAR,
            Engine::LinearNeural => sys::UNECHO_ENGINE_LINEAR_NEURAL,
        };
        self
    }

    /// Another network than the built-in one.
    pub fn model(mut self, model: &Model) -> Config {
        self.model = Some(model.clone());
        self
    }

    /// The far end's rate; it is queued then, see [`Canceller::push_far`].
    pub fn far_rate(mut self, rate: u32) -> Config {
        self.raw.far_rate = c_int::try_from(rate).unwrap_or(c_int::MAX);
        if self.raw.far_queue_ms == 0 {
            self.raw.far_queue_ms = FAR_QUEUE_MS;
        }
        self
    }

    /// The far end comes by [`Canceller::push_far`], and this much of it may wait: 20 to 2000.
    pub fn far_queue_ms(mut self, ms: u32) -> Config {
        self.raw.far_queue_ms = ms;
        self
    }

    /// Channels of microphone and output, 1 to 8, and which of them is cleaned.
    pub fn mic_channels(mut self, channels: u32, clean: Channel) -> Config {
        self.raw.mic_channels = channels;
        self.raw.mic_channel = match clean {
            Channel::Index(index) => c_int::try_from(index).unwrap_or(c_int::MAX),
            Channel::Mean => sys::UNECHO_CHANNEL_MEAN,
        };
        self
    }

    /// Channels of the far end, 1 to 8.
    pub fn far_channels(mut self, channels: u32) -> Config {
        self.raw.far_channels = channels;
        self
    }

    pub fn align(mut self, align: Align) -> Config {
        self.raw.align = match align {
            Align::Auto => sys::UNECHO_ALIGN_AUTO,
            Align::Off => sys::UNECHO_ALIGN_OFF,
            Align::Fixed(delay_ms) => {
                self.raw.delay_ms = delay_ms;
                sys::UNECHO_ALIGN_FIXED
            }
        };
        self
    }

    /// How late the far end may arrive after its echo, 0 to 1000; adds that latency.
    pub fn reference_late_ms(mut self, ms: u32) -> Config {
        self.raw.reference_late_ms = ms;
        self
    }

    /// Every call brings a multiple of 128 frames at 16 kHz, which saves 8 ms of latency.
    pub fn whole_hops(mut self, on: bool) -> Config {
        self.raw.whole_hops = c_int::from(on);
        self
    }

    /// The most hops in one pass, 1 to 64; 1 suits a live stream.
    pub fn hops_at_once(mut self, hops: u32) -> Config {
        self.raw.hops_at_once = hops;
        self
    }

    pub fn precision(mut self, precision: Precision) -> Config {
        self.raw.precision = match precision {
            Precision::Fp32 => sys::UNECHO_PRECISION_FP32,
            Precision::Bf16 => sys::UNECHO_PRECISION_BF16,
            Precision::Int8 => sys::UNECHO_PRECISION_INT8,
            Precision::Auto => sys::UNECHO_PRECISION_AUTO,
        };
        self
    }

    /// How long an echo path the linear filter covers: 64 to 512 in steps of 8.
    pub fn linear_tail_ms(mut self, ms: u32) -> Config {
        self.raw.linear_tail_ms = ms;
        self
    }

    /// How strongly residual echo is suppressed, 0 to 3.
    pub fn suppression(mut self, strength: f32) -> Config {
        self.raw.suppression = strength;
        self
    }

    /// How much background noise is reduced, in dB, 0 to 60.
    pub fn noise_reduction_db(mut self, db: u32) -> Config {
        self.raw.noise_reduction_db = db;
        self
    }

    /// Synthetic noise replaces noise that is removed with the echo.
    pub fn comfort_noise(mut self, on: bool) -> Config {
        self.raw.comfort_noise = c_int::from(on);
        self
    }

    /// Whether frequencies above the network's range follow what it does below, or are removed.
    pub fn high_band(mut self, on: bool) -> Config {
        self.raw.high_band = c_int::from(on);
        self
    }

    /// Open a canceller. Not real-time safe.
    pub fn open(mut self) -> Result<Canceller, Error> {
        let mut message = Message::new();
        self.raw.message = message.pointer();
        self.raw.message_size = sys::UNECHO_MESSAGE_SIZE;
        self.raw.model = self.model.as_ref().map_or(ptr::null_mut(), Model::pointer);
        let mut stream = ptr::null_mut();
        let status = unsafe { sys::unecho_open(&mut stream, &self.raw) };
        message.check(status)?;
        // The library has checked that rates and numbers of channels are small and positive.
        let rate = self.raw.sample_rate as u32;
        let shape = Shape {
            rate,
            channels: self.raw.mic_channels as usize,
            far_rate: match self.raw.far_rate {
                0 => rate,
                other => other as u32,
            },
            far_channels: self.raw.far_channels as usize,
            far_queue_ms: self.raw.far_queue_ms,
            whole_hops: self.raw.whole_hops != 0,
        };
        Ok(unsafe { Canceller::new(stream, shape) })
    }
}
