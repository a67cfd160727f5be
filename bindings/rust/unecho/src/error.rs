use std::ffi::CStr;
use std::fmt;
use std::os::raw::{c_char, c_int};

use unecho_sys as sys;

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    Argument,
    Memory,
    File,
    Format,
    Model,
    SampleRate,
    Chunk,
    Other(i32),
}

impl Status {
    fn new(status: c_int) -> Status {
        match status {
            sys::UNECHO_ERROR_ARGUMENT => Status::Argument,
            sys::UNECHO_ERROR_MEMORY => Status::Memory,
            sys::UNECHO_ERROR_FILE => Status::File,
            sys::UNECHO_ERROR_FORMAT => Status::Format,
            sys::UNECHO_ERROR_MODEL => Status::Model,
            sys::UNECHO_ERROR_SAMPLE_RATE => Status::SampleRate,
            sys::UNECHO_ERROR_CHUNK => Status::Chunk,
            other => Status::Other(other),
        }
    }
}

/// An error, with the library's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    // No String: an error of a real-time call must not allocate.
    message: std::borrow::Cow<'static, str>,
}

impl Error {
    pub fn status(&self) -> Status {
        self.status
    }

    pub(crate) fn argument(message: &'static str) -> Error {
        Error {
            status: Status::Argument,
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The result of a call that has no message of its own.
pub(crate) fn check(status: c_int) -> Result<(), Error> {
    if status >= 0 {
        return Ok(());
    }
    let text = unsafe { CStr::from_ptr(sys::unecho_strerror(status)) };
    Err(Error {
        status: Status::new(status),
        message: text.to_str().unwrap_or_default().into(),
    })
}

/// Room for a message of the library.
pub(crate) struct Message([u8; sys::UNECHO_MESSAGE_SIZE]);

impl Message {
    pub(crate) fn new() -> Message {
        Message([0; sys::UNECHO_MESSAGE_SIZE])
    }

    pub(crate) fn pointer(&mut self) -> *mut c_char {
        self.0.as_mut_ptr().cast()
    }

    pub(crate) fn check(&self, status: c_int) -> Result<(), Error> {
        if status >= 0 {
            return Ok(());
        }
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(0);
        let text = String::from_utf8_lossy(&self.0[..end]).into_owned();
        Err(Error {
            status: Status::new(status),
            message: text.into(),
        })
    }
}
