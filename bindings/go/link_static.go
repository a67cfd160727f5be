//go:build unecho_static

package unecho

// The header of this checkout, and libunecho.a: from a folder in CGO_LDFLAGS, of the build in this
// checkout, or where the linker looks.

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../build/src -l:libunecho.a -lm -ldl
import "C"
