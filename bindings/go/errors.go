package unecho

// #include "stream.h"
import "C"

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// Status is the kind of an error. It is an error itself, for errors.Is.
type Status int

const (
	// ErrArgument: a value outside its range, or slices that do not fit.
	ErrArgument Status = C.UNECHO_ERROR_ARGUMENT
	// ErrMemory: an allocation failed.
	ErrMemory Status = C.UNECHO_ERROR_MEMORY
	// ErrFile: a file cannot be opened or read.
	ErrFile Status = C.UNECHO_ERROR_FILE
	// ErrFormat: a file is not a model, is damaged or truncated.
	ErrFormat Status = C.UNECHO_ERROR_FORMAT
	// ErrModel: an intact model file, but a network that unecho cannot run.
	ErrModel Status = C.UNECHO_ERROR_MODEL
	// ErrSampleRate: a sample rate outside 8 to 192 kHz.
	ErrSampleRate Status = C.UNECHO_ERROR_SAMPLE_RATE
	// ErrChunk: WholeHops is set, and the frames are not a multiple of Hop.
	ErrChunk Status = C.UNECHO_ERROR_CHUNK
	// ErrClosed: a Canceller or Model was used after Close.
	ErrClosed Status = 1
)

// Error is a short text for the kind of error.
func (s Status) Error() string {
	if s == ErrClosed {
		return "unecho: used after Close"
	}
	return "unecho: " + C.GoString(C.unecho_strerror(C.int(s)))
}

// Error is what the functions of this package return where they fail.
type Error struct {
	Status  Status
	Message string // what is wrong
}

func (e *Error) Error() string {
	return "unecho: " + e.Message
}

// Unwrap gives the Status.
func (e *Error) Unwrap() error {
	return e.Status
}

// wrong is an error of arguments.
func wrong(format string, values ...any) error {
	return &Error{ErrArgument, fmt.Sprintf(format, values...)}
}

// result is that of a call that has no message of its own.
func result(status C.int) error {
	if status >= 0 {
		return nil
	}
	return &Error{Status(status), C.GoString(C.unecho_strerror(status))}
}

// message is room for one of the library.
type message [C.UNECHO_MESSAGE_SIZE]C.char

func (m *message) result(status C.int) error {
	if status >= 0 {
		return nil
	}
	return &Error{Status(status), inNames(C.GoString(&m[0]))}
}

// Names of several words, and those of one word where they are what the message is about.
var fieldNames = regexp.MustCompile(`[a-z]+(_[a-z]+)+|^[a-z]+`)

// inNames has the fields of Config in the place of those of unecho_config.
func inNames(text string) string {
	return fieldNames.ReplaceAllStringFunc(text, func(name string) string {
		if field := goName(name); isField(field) {
			return field
		}
		return name
	})
}

// goName is the name that a field of the header has here: NoiseReductionDB of noise_reduction_db.
func goName(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		if word == "db" {
			words[i] = "DB"
		} else if word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

func isField(name string) bool {
	_, found := reflect.TypeOf(Config{}).FieldByName(name)
	return found
}
