package api

import (
	"context"
	"slices"
	"time"

	openapi_types "github.com/oapi-codegen/runtime/types"

	"steward/internal/store"
)

const (
	kindRoom = "room"
	// longestSpan is the most time that one question about reservations may cover.
	longestSpan = 31 * 24 * time.Hour
	// usualSpan is what the list of reservations covers unless it is told.
	usualSpan = 7 * 24 * time.Hour
)

// ListRooms answers the rooms in service.
func (s *Server) ListRooms(ctx context.Context, _ ListRoomsRequestObject) (ListRoomsResponseObject, error) {
	rooms, err := s.store.Resources(ctx, kindRoom, false)
	if err != nil {
		return nil, err
	}
	list := RoomList{Items: make([]Room, len(rooms))}
	for i, r := range rooms {
		list.Items[i] = roomView(r)
	}
	return ListRooms200JSONResponse(list), nil
}

// GetFreeBusy answers when each room is taken.
func (s *Server) GetFreeBusy(ctx context.Context, r GetFreeBusyRequestObject) (GetFreeBusyResponseObject, error) {
	span, err := spanOf(r.Params.From, r.Params.To)
	if err != nil {
		return nil, err
	}
	schedules, err := s.store.Schedules(ctx, callerOf(ctx).viewer(), kindRoom, span)
	if err != nil {
		return nil, err
	}
	answer := FreeBusy{From: span.From.UTC(), To: span.To.UTC(), Rooms: make([]RoomBusy, len(schedules))}
	for i, sc := range schedules {
		answer.Rooms[i] = RoomBusy{Room: roomView(sc.Resource), Free: len(sc.Bookings) == 0, Busy: []Span{}}
		for _, b := range sc.Bookings {
			answer.Rooms[i].Busy = append(answer.Rooms[i].Busy, Span{From: b.FromAt.UTC(), To: b.ToAt.UTC()})
		}
	}
	return GetFreeBusy200JSONResponse(answer), nil
}

// GetRoomDay answers one day of one room, from midnight to midnight in the house's time zone.
func (s *Server) GetRoomDay(ctx context.Context, r GetRoomDayRequestObject) (GetRoomDayResponseObject, error) {
	zone := s.config.Location
	day := r.Params.Date.Time
	if day.IsZero() {
		day = time.Now().In(zone)
	}
	year, month, date := day.Date()
	span := store.Span{From: time.Date(year, month, date, 0, 0, 0, 0, zone), To: time.Date(year, month, date+1, 0, 0, 0, 0, zone)}
	schedules, err := s.store.Schedules(ctx, callerOf(ctx).viewer(), kindRoom, span)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(schedules, func(sc store.Schedule) bool { return sc.Resource.ID == r.RoomID })
	if i < 0 {
		return nil, fail(codeNotFound)
	}
	answer := RoomDay{
		Room: roomView(schedules[i].Resource), Date: openapi_types.Date{Time: time.Date(year, month, date, 0, 0, 0, 0, time.UTC)},
		TimeZone: zone.String(), Reservations: []Reservation{}, Free: []Span{},
	}
	for _, b := range schedules[i].Bookings {
		answer.Reservations = append(answer.Reservations, reservationView(b, false))
	}
	for _, f := range schedules[i].Free {
		answer.Free = append(answer.Free, Span{From: f.From.UTC(), To: f.To.UTC()})
	}
	return GetRoomDay200JSONResponse(answer), nil
}

// ListReservations answers the reservations of a span, earliest first.
func (s *Server) ListReservations(ctx context.Context, r ListReservationsRequestObject) (ListReservationsResponseObject, error) {
	from := orDefault(r.Params.From, time.Now())
	span, err := spanOf(from, orDefault(r.Params.To, from.Add(usualSpan)))
	if err != nil {
		return nil, err
	}
	schedules, err := s.store.Schedules(ctx, callerOf(ctx).viewer(), kindRoom, span)
	if err != nil {
		return nil, err
	}
	list := ReservationList{Items: []Reservation{}}
	for _, sc := range schedules {
		for _, b := range sc.Bookings {
			if r.Params.Room == "" || r.Params.Room == b.ResourceID {
				list.Items = append(list.Items, reservationView(b, false))
			}
		}
	}
	slices.SortStableFunc(list.Items, func(a, b Reservation) int { return a.From.Compare(b.From) })
	return ListReservations200JSONResponse(list), nil
}

func spanOf(from, to time.Time) (store.Span, error) {
	span := store.Span{From: from, To: to}
	if length := to.Sub(from); length <= 0 || length > longestSpan {
		return span, failField("to", "range", Text{"必须晚于 from，且最多相隔 31 天", "must be after from, at most 31 days later"})
	}
	return span, nil
}

func roomView(r store.Resource) Room {
	return Room{ID: r.ID, Name: Text(r.Name), Capacity: int(r.Capacity), Layout: r.Layout}
}

// reservationView shows a booking. Whose it is stays hidden from those who may not see the process: the store has then
// left its title empty.
func reservationView(b store.Reservation, own bool) Reservation {
	view := Reservation{ID: b.ID, Room: b.ResourceID, From: b.FromAt.UTC(), To: b.ToAt.UTC(), Hold: b.Hold}
	if own || b.Title != (store.Text{}) {
		view.Title, view.Process = Text(b.Title), b.ProcessID
	}
	return view
}
