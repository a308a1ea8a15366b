package store

import (
	"strconv"
	"strings"
)

// statement collects the conditions and parameters of a list whose filters are optional.
type statement struct {
	args       []any
	conditions []string
}

// arg registers a parameter and gives its placeholder.
func (s *statement) arg(value any) string {
	s.args = append(s.args, value)
	return "$" + strconv.Itoa(len(s.args))
}

// when adds the condition on the value unless it is the zero one.
func when[T comparable](s *statement, condition func(placeholder string) string, value T) {
	var zero T
	if value != zero {
		s.conditions = append(s.conditions, condition(s.arg(value)))
	}
}

func (s *statement) add(condition string) { s.conditions = append(s.conditions, condition) }

// take hands over the conditions collected so far: they are to stand elsewhere.
func (s *statement) take() []string {
	taken := s.conditions
	s.conditions = nil
	return taken
}

// and gives the conditions as they follow another one: "" or " AND a AND b".
func (s *statement) and() string {
	var sql strings.Builder
	for _, condition := range s.conditions {
		sql.WriteString(" AND " + condition)
	}
	return sql.String()
}

func equals(column string) func(string) string {
	return func(placeholder string) string { return column + " = " + placeholder }
}

// before continues a list that runs from newest to oldest.
func (s *statement) before(at, id string, key *timeKey) string {
	if key == nil {
		return ""
	}
	return " AND (" + at + ", " + id + ") < (" + s.arg(key.At) + ", " + s.arg(key.ID) + ")"
}

// after continues a list that runs upwards.
func (s *statement) after(at, id string, key *timeKey) string {
	if key == nil {
		return ""
	}
	return " AND (" + at + ", " + id + ") > (" + s.arg(key.At) + ", " + s.arg(key.ID) + ")"
}
