// Package calendar knows working time: which days are worked, between which hours, when a house is quiet and when its
// named windows (such as the hours in which customers may be called) are open.
//
// What belongs here: the public holidays and make-up days of a year as data, the arithmetic of working days and working
// hours over them, and the version that is recorded with every deadline computed from them.
//
// What does not: the language in which a definition writes a due time (definitions/timex reads it and calls a
// [Calendar] through an interface of its own), rosters of people, reading or storing calendars, and the clock. No
// function here asks for the current time.
//
// # Rules
//
// A calendar carries its own location. Every instant that comes in is read on the wall clock of that location, whatever
// its own zone; every instant that goes out is in UTC.
//
// Adding n working days moves to the n-th working day after (n > 0) or before (n < 0) the date of the instant and keeps
// the time of day. The date one starts from never counts, whether it is worked or not: what arrives on a Saturday and
// is due in one working day is due on Monday, exactly as what arrives on Friday. So a person who takes something in on
// a rest day never gets more time than the one who took it in on the working day before, and adding 1 then 1 always
// equals adding 2. Adding 0 changes nothing; [Calendar.NearestWorkingDay] moves off a rest day without counting.
//
// Working hours are counted on the wall clock, inside the intervals of working days only. Adding time ends as early as
// it can (the end of an interval, not the start of the next); subtracting time ends as late as it can (the start of an
// interval, not the end of the one before). An interval holds its start but not its end.
//
// A year for which no data is loaded follows the plain weekdays. Every answer that looked at a day of such a year says
// that it is provisional, so that it can be computed again when the year's notice is out. The start date of a count of
// working days is not looked at and does not make an answer provisional.
//
// On a local time that the clocks skip or repeat (no such time exists in mainland China since 1991) the answer is what
// time.Date makes of it, moved to the second occurrence where the first would run against the direction of the count.
//
// Calendars are immutable and safe for concurrent use. Instants are meant to lie within the years 1 to 9999; a count
// that leaves them stops at the first or last day.
package calendar
