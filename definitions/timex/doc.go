// Package timex reads and evaluates the time expressions of process definitions: when a task is due, when a reminder is
// sent, from when a step may begin.
//
// What belongs here: the grammar, its problem codes, and the arithmetic that turns an expression and the anchors known
// so far into instants, with a trace that explains them. What does not: which days are worked (a [Calendar] answers
// that), the expression language of guards and formulas (package expr), and what happens when a deadline passes.
//
// # Grammar
//
//	expr    = point [ ".." bound ] .
//	point   = [ base ] { shift | clock } .                     at least one part
//	base    = anchor | period | opening .
//	anchor  = name [ "." ( "opened" | "claimed" | "done" ) ] .
//	period  = "month" "(" [ anchor "," ] signed ")" "day" ( number | "last" )
//	        | "week" "(" [ anchor "," ] signed ")" weekday .
//	opening = ( "next" | "after" ) "(" name [ "," point ] ")" .
//	shift   = ( "+" | "-" ) ( "0" | amount ) .
//	bound   = [ "+" | "-" ] ( "0" | amount ) [ clock ] .
//	amount  = number unit { number unit } .                    each unit once, large before small
//	unit    = "mo" | "w" | "d" | "wd" | "h" | "wh" | "m" | "s" .
//	clock   = HH ":" MM [ ":" SS ] .                           00:00 to 24:00
//	weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun" .
//	signed  = [ "+" | "-" ] number .
//	name    = lower case letter { lower case letter | digit | "_" } .
//
// Spaces may stand between the parts and after a sign, but not inside an amount or a clock. The words month, week, next, after and day
// cannot name an anchor.
//
// # Meaning
//
// A point is computed from left to right: the base, then each shift and clock on what came before.
//
//   - An anchor left out is "opened", unless [ParseFrom] names another (reminders and escalations count from "due").
//   - h, m and s add elapsed time. d and w keep the time of day on the wall clock; mo does too and keeps to the end of
//     a shorter month: 31 January +1mo is 28 or 29 February. Inside one amount the order is the written one.
//   - wd and wh are working days and hours, as the calendar counts them. +0wd moves to the next working day unless it
//     is one already, -0wd to the one before; +0wh and -0wh do the same with working hours. A bare +0 is the anchor.
//   - A clock sets the time of day on the date reached: start-1wd 17:00. 24:00 is the end of that date. It may lie
//     before the anchor; the engine decides what is already past.
//   - month(+1) day 25 is the 25th of the month after the anchor's month, held to the end of a shorter month, at the
//     anchor's time of day unless a clock follows; month(0) is the anchor's own month. week(+1) mon is the Monday of the
//     week after the anchor's; weeks begin on Monday. The anchor is opened unless one is named: month(end, +1) day 5.
//     It is never silently the current time; who wants that writes month(now, +1), and the answer then changes with
//     every evaluation.
//   - next(w) is the anchor itself while the calendar's window w is open, otherwise its next opening. after(w) is the
//     next opening after the one that is open or comes next: another slot than the one just tried. Both take a point to
//     start from: next(call_windows, receipt+7wd).
//   - end+3wd..7wd is a window: not before end+3wd, due at end+7wd. The bound replaces the last shift and what follows
//     it, and has its sign unless it names one: start-3d..1d, start-1d..+1d. When a bound turns out to lie before the
//     start (different units around holidays), it is moved to the start.
//
// An anchor that is not yet known makes the whole expression unknown; [Result].Missing names it.
//
// The wall clock is that of [Env].Location, or else the calendar's. Instants come in any zone and go out in UTC with
// their fractions of a second. A local time that the clocks skip or repeat is what time.Date makes of it. Evaluation
// depends on nothing but its arguments.
package timex
