//go:build unix && !linux

package process

import "syscall"

func attributes(opts Options) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: opts.Credential}
}
