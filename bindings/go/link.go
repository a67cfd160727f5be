//go:build !unecho_static

package unecho

// #cgo pkg-config: unecho
import "C"
