package simulate

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// spot is a place in a YAML file; the zero spot is nowhere.
type spot struct {
	file         string
	line, column int
}

// wrap puts the place in front of an error.
func (s spot) wrap(err error) error {
	if s.line == 0 {
		return err
	}
	if s.file == "" {
		return fmt.Errorf("%d:%d: %w", s.line, s.column, err)
	}
	return fmt.Errorf("%s:%d:%d: %w", s.file, s.line, s.column, err)
}

func spotOf(n ast.Node) spot {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return spot{}
	}
	at := n.GetToken().Position
	return spot{line: at.Line, column: at.Column}
}
