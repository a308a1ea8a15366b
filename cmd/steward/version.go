package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// version is set by the linker (-X main.version=…) where the program is built without its repository.
var version string

// versionOf names the version of this program: what the linker was told, else what the Go toolchain noted.
func versionOf() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

type versionCmd struct{}

// Run prints version, Go release and platform.
func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintf(out, "steward %s (%s, %s/%s)\n", versionOf(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
