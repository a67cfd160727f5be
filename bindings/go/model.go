package unecho

// #include <stdlib.h>
// #include "stream.h"
// #include <unecho_model.h>
import "C"

import (
	"runtime"
	"strings"
	"unsafe"
)

// ModelKind tells networks apart.
type ModelKind int

const (
	// DtlnAec is the slower one; see docs/models.md.
	DtlnAec ModelKind = C.UNECHO_MODEL_DTLN_AEC
	// Postfilter is unecho's own one, the default.
	Postfilter ModelKind = C.UNECHO_MODEL_POSTFILTER
)

// Model is a network, for any number of cancellers and goroutines.
type Model struct {
	model *C.unecho_model
}

func newModel(model *C.unecho_model) *Model {
	m := &Model{model}
	runtime.SetFinalizer(m, func(m *Model) { m.Close() })
	return m
}

// BuiltinModel gives the network of that kind that comes with the library. DTLN-aec is in files: beside
// the library, installed, or in the folder that the environment variable UNECHO_MODELS names.
func BuiltinModel(kind ModelKind) (*Model, error) {
	var model *C.unecho_model
	var why message
	status := C.unecho_model_builtin(&model, C.unecho_model_kind(narrow(int(kind))), &why[0],
		C.UNECHO_MESSAGE_SIZE)
	if err := why.result(status); err != nil {
		return nil, err
	}
	return newModel(model), nil
}

// LoadModel loads PREFIX_1.onnx and PREFIX_2.onnx, the .tflite files, PREFIX.onnx or PREFIX itself.
func LoadModel(prefix string) (*Model, error) {
	if strings.IndexByte(prefix, 0) >= 0 {
		return nil, wrong("prefix contains a zero byte")
	}
	path := C.CString(prefix)
	defer C.free(unsafe.Pointer(path))
	var model *C.unecho_model
	var why message
	status := C.unecho_model_load(&model, path, &why[0], C.UNECHO_MESSAGE_SIZE)
	if err := why.result(status); err != nil {
		return nil, err
	}
	return newModel(model), nil
}

// ParseModel reads a model from the contents of its files, one or two, as of package embed. They are
// copied.
func ParseModel(files ...[]byte) (*Model, error) {
	if len(files) < 1 || len(files) > 2 {
		return nil, wrong("files are %d, expected 1 or 2", len(files))
	}
	var contents [2]unsafe.Pointer
	var sizes [2]C.size_t
	for i, file := range files {
		if len(file) == 0 {
			return nil, &Error{ErrFormat, "a file of the model is empty"}
		}
		contents[i] = unsafe.Pointer(&file[0])
		sizes[i] = C.size_t(len(file))
	}
	var model *C.unecho_model
	var why message
	status := C.unecho_model_load_memory(&model, contents[0], sizes[0], contents[1], sizes[1], &why[0],
		C.UNECHO_MESSAGE_SIZE)
	if err := why.result(status); err != nil {
		return nil, err
	}
	return newModel(model), nil
}

// Close gives the model back, once no other goroutine uses it; cancellers that run on it keep what they
// need. Its error is always nil. A model that is forgotten is closed by the garbage collector.
func (m *Model) Close() error {
	runtime.SetFinalizer(m, nil)
	C.unecho_model_unref(&m.model)
	return nil
}
