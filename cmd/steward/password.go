package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// newPassword asks for a password twice, without showing it, when in is a terminal; otherwise it reads one line.
func newPassword(ctx context.Context, in io.Reader, ask io.Writer, user string) (string, error) {
	file, isFile := in.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return passwordLine(in, user)
	}
	first, err := unseen(ctx, file, ask, "New password of "+user+": ")
	if err != nil {
		return "", err
	}
	again, err := unseen(ctx, file, ask, "Once more: ")
	switch {
	case err != nil:
		return "", err
	case first == "":
		return "", errors.New("no password was typed; nothing was stored")
	case first != again:
		return "", errors.New("the two passwords differ; nothing was stored, try again")
	}
	return first, nil
}

func passwordLine(in io.Reader, user string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return "", errors.New("no password on standard input; give it so: printf '%s' \"$PASSWORD\" | steward people set-password " + user)
	}
	return password, nil
}

// unseen reads a line from a terminal that shows nothing of it. When ctx ends before, the terminal shows again what is typed.
func unseen(ctx context.Context, terminal *os.File, ask io.Writer, question string) (string, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	fmt.Fprint(ask, question)
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		typed <- answer{text, err}
	}()
	select {
	case a := <-typed:
		fmt.Fprintln(ask)
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", a.err)
		}
		return string(a.text), nil
	case <-ctx.Done():
		fmt.Fprintln(ask)
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
