package api

import (
	"context"
	"strings"

	"steward/internal/people"
	"steward/internal/store"
)

// ListPeople answers colleagues who still work here, by part of their name, id or department.
func (s *Server) ListPeople(ctx context.Context, r ListPeopleRequestObject) (ListPeopleResponseObject, error) {
	everybody, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	limit := int(orDefault(r.Params.Limit, store.DefaultLimit))
	wanted := strings.ToLower(strings.TrimSpace(r.Params.Query))
	list := PersonList{Items: []Colleague{}}
	for _, p := range everybody {
		if p.Active && matches(p, wanted) && len(list.Items) < limit {
			list.Items = append(list.Items, Colleague{ID: p.ID, Name: Text(p.DisplayName()), Department: p.Department})
		}
	}
	return ListPeople200JSONResponse(list), nil
}

func matches(p people.Person, wanted string) bool {
	return strings.Contains(strings.ToLower(strings.Join([]string{p.ID, p.Name, p.NameEn, p.Department}, "\n")), wanted)
}
