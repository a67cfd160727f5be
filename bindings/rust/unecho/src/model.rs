use std::ffi::CString;
use std::os::raw::{c_char, c_int};
use std::path::Path;
use std::ptr;

use unecho_sys as sys;

use crate::error::{Error, Message};

/// The networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// DTLN-aec, slower; see docs/models.md.
    DtlnAec,
    /// unecho's own post-filter, the default.
    Postfilter,
}

/// A network, for any number of cancellers and threads. Clones share it.
pub struct Model(*mut sys::unecho_model);

// Models are immutable, and their references are counted atomically.
unsafe impl Send for Model {}
unsafe impl Sync for Model {}

impl Model {
    /// The network of that kind that comes with the library. DTLN-aec is in files: beside the program,
    /// installed, or in the folder that the environment variable `UNECHO_MODELS` names.
    pub fn builtin(kind: ModelKind) -> Result<Model, Error> {
        let kind = match kind {
            ModelKind::DtlnAec => sys::UNECHO_MODEL_DTLN_AEC,
            ModelKind::Postfilter => sys::UNECHO_MODEL_POSTFILTER,
        };
        Model::open(|model, message, size| unsafe {
            sys::unecho_model_builtin(model, kind, message, size)
        })
    }

    /// Load PREFIX_1.onnx and PREFIX_2.onnx, the .tflite files, PREFIX.onnx or PREFIX itself.
    pub fn load(prefix: impl AsRef<Path>) -> Result<Model, Error> {
        let prefix = CString::new(bytes_of(prefix.as_ref()))
            .map_err(|_| Error::argument("the path of the model contains a zero byte"))?;
        Model::open(|model, message, size| unsafe {
            sys::unecho_model_load(model, prefix.as_ptr(), message, size)
        })
    }

    fn open(
        load: impl FnOnce(*mut *mut sys::unecho_model, *mut c_char, usize) -> c_int,
    ) -> Result<Model, Error> {
        let mut model = ptr::null_mut();
        let mut message = Message::new();
        let status = load(&mut model, message.pointer(), sys::UNECHO_MESSAGE_SIZE);
        message.check(status)?;
        Ok(Model(model))
    }

    pub(crate) fn pointer(&self) -> *mut sys::unecho_model {
        self.0
    }
}

/// A path as the library takes it: on Unix any bytes, which need not be UTF-8.
fn bytes_of(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec();
    #[cfg(not(unix))]
    return path.to_string_lossy().into_owned().into_bytes();
}

impl Clone for Model {
    fn clone(&self) -> Model {
        Model(unsafe { sys::unecho_model_ref(self.0) })
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        unsafe { sys::unecho_model_unref(&mut self.0) }
    }
}
