//! The C interface of unecho, as its headers have it. `unecho.h` is the manual; the crate `unecho` is
//! the safe interface.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_uint, c_void};

pub const UNECHO_OK: c_int = 0;
pub const UNECHO_ERROR_ARGUMENT: c_int = -1;
pub const UNECHO_ERROR_MEMORY: c_int = -2;
pub const UNECHO_ERROR_FILE: c_int = -3;
pub const UNECHO_ERROR_FORMAT: c_int = -4;
pub const UNECHO_ERROR_MODEL: c_int = -5;
pub const UNECHO_ERROR_SAMPLE_RATE: c_int = -6;
pub const UNECHO_ERROR_CHUNK: c_int = -7;
pub const UNECHO_ERROR_BACKEND: c_int = -8;

pub const UNECHO_ENGINE_NEURAL: c_int = 0;
pub const UNECHO_ENGINE_LINEAR: c_int = 1;
pub const UNECHO_ENGINE_LINEAR_NEURAL: c_int = 2;

pub const UNECHO_ALIGN_AUTO: c_int = 0;
pub const UNECHO_ALIGN_FIXED: c_int = 1;
pub const UNECHO_ALIGN_OFF: c_int = 2;

pub const UNECHO_PRECISION_FP32: c_int = 0;
pub const UNECHO_PRECISION_BF16: c_int = 1;
pub const UNECHO_PRECISION_INT8: c_int = 2;
pub const UNECHO_PRECISION_AUTO: c_int = 3;

pub const UNECHO_BACKEND_NATIVE: c_int = 0;
pub const UNECHO_BACKEND_ONNXRUNTIME: c_int = 1;

pub const UNECHO_MODEL_DTLN_AEC: c_int = 1;
pub const UNECHO_MODEL_POSTFILTER: c_int = 2;

pub const UNECHO_CHANNEL_MEAN: c_int = -1;
pub const UNECHO_KEEP_LATENCY: c_uint = 1;
pub const UNECHO_NORMALIZE_PEAK: c_uint = 2;
pub const UNECHO_HOP: usize = 128;
pub const UNECHO_MESSAGE_SIZE: usize = 512;

#[repr(C)]
pub struct unecho {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct unecho_model {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct unecho_onnxruntime {
    pub size: usize,
    pub library: *const c_char,
    pub profile: *const c_char,
    pub stage_threads: [c_uint; 2],
    pub spinning: c_int,
    pub reserved: c_int,
}

#[repr(C)]
pub struct unecho_config {
    pub size: usize,
    pub message: *mut c_char,
    pub message_size: usize,
    pub engine: c_int,
    pub model: *mut unecho_model,
    pub sample_rate: c_int,
    pub far_rate: c_int,
    pub far_queue_ms: c_uint,
    pub mic_channels: c_uint,
    pub mic_channel: c_int,
    pub far_channels: c_uint,
    pub align: c_int,
    pub delay_ms: f64,
    pub reference_late_ms: c_uint,
    pub whole_hops: c_int,
    pub hops_at_once: c_uint,
    pub precision: c_int,
    pub backend: c_int,
    pub linear_tail_ms: c_uint,
    pub suppression: f32,
    pub noise_reduction_db: c_uint,
    pub comfort_noise: c_int,
    pub high_band: c_int,
    pub record_capacity: usize,
    pub allocate: Option<unsafe extern "C" fn(user: *mut c_void, size: usize) -> *mut c_void>,
    pub release: Option<unsafe extern "C" fn(user: *mut c_void, memory: *mut c_void)>,
    pub user: *mut c_void,
    pub onnxruntime: *const unecho_onnxruntime,
    pub cpu: u32,
    pub cell_limit: f32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct unecho_stats {
    pub size: usize,
    pub frames: u64,
    pub mic_db: f32,
    pub far_db: f32,
    pub out_db: f32,
    pub peak: f32,
    pub erle_db: f32,
    pub linear_erle_db: f32,
    pub far_active_seconds: f32,
    pub far_silent_seconds: f32,
    pub aligned: c_int,
    pub confidence: f32,
    pub delay_ms: f32,
    pub drift_ppm: f32,
    pub realignments: u32,
    pub linear_diverged: u32,
    pub guarded_samples: u64,
    pub mic_clipped_samples: u64,
    pub far_clipped_samples: u64,
    pub far_missing_frames: u64,
    pub far_dropped_frames: u64,
    pub limited_hops: u64,
    pub failed_hops: u64,
    pub mic_now_db: f32,
    pub far_now_db: f32,
    pub out_now_db: f32,
    pub erle_now_db: f32,
    pub near_end_active: f32,
    pub near_end_seconds: f32,
}

extern "C" {
    pub fn unecho_version() -> *const c_char;
    pub fn unecho_strerror(status: c_int) -> *const c_char;
    pub fn unecho_config_init_size(config: *mut unecho_config, size: usize);

    pub fn unecho_open(stream: *mut *mut unecho, config: *const unecho_config) -> c_int;
    pub fn unecho_close(stream: *mut *mut unecho);
    pub fn unecho_process(
        stream: *mut unecho,
        mic: *const f32,
        far: *const f32,
        out: *mut f32,
        n: usize,
    ) -> c_int;
    pub fn unecho_process_int16(
        stream: *mut unecho,
        mic: *const i16,
        far: *const i16,
        out: *mut i16,
        n: usize,
    ) -> c_int;
    pub fn unecho_push_far(stream: *mut unecho, far: *const f32, n: usize) -> c_int;
    pub fn unecho_push_far_int16(stream: *mut unecho, far: *const i16, n: usize) -> c_int;
    pub fn unecho_notify_gap(stream: *mut unecho, mic_lost: u64, far_lost: u64) -> c_int;
    pub fn unecho_latency(stream: *const unecho) -> c_int;
    pub fn unecho_reset(stream: *mut unecho) -> c_int;
    pub fn unecho_next_call(stream: *mut unecho) -> c_int;
    pub fn unecho_set_suppression(stream: *mut unecho, strength: f32) -> c_int;
    pub fn unecho_set_noise_reduction(stream: *mut unecho, db: c_uint) -> c_int;
    pub fn unecho_set_comfort_noise(stream: *mut unecho, on: c_int) -> c_int;
    pub fn unecho_process_whole(
        stream: *mut unecho,
        mic: *const f32,
        mic_n: usize,
        far: *const f32,
        far_n: usize,
        out: *mut f32,
        options: c_uint,
    ) -> c_int;
    pub fn unecho_process_many(
        streams: *const *mut unecho,
        mic: *const *const f32,
        far: *const *const f32,
        out: *const *mut f32,
        count: usize,
        n: usize,
    ) -> c_int;
    pub fn unecho_get_stats(stream: *const unecho, stats: *mut unecho_stats) -> c_int;
    pub fn unecho_kernels(stream: *const unecho) -> *const c_char;

    pub fn unecho_model_builtin(
        model: *mut *mut unecho_model,
        kind: c_int,
        message: *mut c_char,
        message_size: usize,
    ) -> c_int;
    pub fn unecho_model_load(
        model: *mut *mut unecho_model,
        prefix: *const c_char,
        message: *mut c_char,
        message_size: usize,
    ) -> c_int;
    pub fn unecho_model_ref(model: *mut unecho_model) -> *mut unecho_model;
    pub fn unecho_model_unref(model: *mut *mut unecho_model);
}
