//go:build cgo

package main

// #include <unistd.h>
// static void sleep_in_c(void) { pause(); }
import "C"

func callC() { C.sleep_in_c() }

func init() { inC = callC }
