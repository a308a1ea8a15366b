// Moments, in words. Everything here is a pure function: the language, the moment "now" and the time zone are given.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Below this a deadline counts as near. */
const soon = 2 * hour;

/** moment reads an RFC 3339 time; null for none, for what cannot be read, and for the zero time that some servers write. */
export function moment(value) {
  const date = value ? new Date(value) : null;
  return date === null || Number.isNaN(date.getTime()) || date.getTime() < 0 ? null : date;
}

function parts(date, timeZone) {
  const options = {
    timeZone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
    year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
  };
  const found = {};
  for (const { type, value } of new Intl.DateTimeFormat("en-US", options).formatToParts(date)) {
    found[type] = value;
  }
  return found;
}

function named(date, lang, timeZone, what) {
  return new Intl.DateTimeFormat(lang === "en" ? "en-US" : "zh-CN", { timeZone, ...what }).format(date);
}

/** formatDay writes 11月21日 周六 or Sat, Nov 21, with the year when it is not that of now. */
export function formatDay(value, lang, { now = new Date(), timeZone } = {}) {
  const date = moment(value);
  if (date === null) {
    return "";
  }
  const p = parts(date, timeZone);
  const otherYear = p.year !== parts(now, timeZone).year;
  const weekday = named(date, lang, timeZone, { weekday: "short" });
  if (lang === "en") {
    return `${weekday}, ${named(date, lang, timeZone, { month: "short" })} ${p.day}${otherYear ? `, ${p.year}` : ""}`;
  }
  return `${otherYear ? `${p.year}年` : ""}${p.month}月${p.day}日 ${weekday}`;
}

/** formatClock writes 14:30. */
export function formatClock(value, { timeZone } = {}) {
  const date = moment(value);
  if (date === null) {
    return "";
  }
  const p = parts(date, timeZone);
  return `${p.hour}:${p.minute}`;
}

/** formatTime writes 11月21日 周六 14:30 or Sat, Nov 21, 14:30. */
export function formatTime(value, lang, options = {}) {
  const date = moment(value);
  if (date === null) {
    return "";
  }
  return `${formatDay(date, lang, options)}${lang === "en" ? ", " : " "}${formatClock(date, options)}`;
}

/** formatSpan writes from and to, the day only once when both are on it. */
export function formatSpan(from, to, lang, options = {}) {
  const sameDay = formatDay(from, lang, options) === formatDay(to, lang, options);
  return `${formatTime(from, lang, options)} – ${sameDay ? formatClock(to, options) : formatTime(to, lang, options)}`;
}

/** amount answers a duration in its largest sensible unit: { count, unit: "minute" | "hour" | "day" }. */
export function amount(milliseconds) {
  const length = Math.abs(milliseconds);
  if (length >= 2 * day) {
    return { count: Math.floor(length / day), unit: "day" };
  }
  if (length >= hour) {
    return { count: Math.floor(length / hour), unit: "hour" };
  }
  return { count: Math.max(1, Math.floor(length / minute)), unit: "minute" };
}

/** dueState answers how far a deadline is away: { level: "late" | "soon" | "ok", count, unit }, or null without one. */
export function dueState(value, now = new Date()) {
  const due = moment(value);
  if (due === null) {
    return null;
  }
  const left = due.getTime() - now.getTime();
  let level = "ok";
  if (left < 0) {
    level = "late";
  } else if (left <= soon) {
    level = "soon";
  }
  return { level, ...amount(left) };
}

const two = (n) => String(n).padStart(2, "0");

/** offsetOf writes a browser's offset for a date, such as +08:00. */
export function offsetOf(date) {
  const east = -date.getTimezoneOffset();
  const size = Math.abs(east);
  return `${east < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** withOffset turns the value of a datetime-local field into RFC 3339 with this browser's offset on that day; "" for none. */
export function withOffset(local) {
  const date = local ? new Date(local) : null;
  if (date === null || Number.isNaN(date.getTime())) {
    return "";
  }
  return `${dateValue(date)}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${offsetOf(date)}`;
}

/** localValue turns an RFC 3339 time into the value of a datetime-local field, to the minute. */
export function localValue(value) {
  const date = moment(value);
  return date === null ? "" : `${dateValue(date)}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** dateValue writes the day of a date in this browser's time zone as 2026-11-21. */
export function dateValue(date) {
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** dayRange answers the beginning and the end of a day (2026-11-21) in this browser's time zone, as Dates; null when it is none. */
export function dayRange(value) {
  const from = new Date(`${value}T00:00:00`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value) || Number.isNaN(from.getTime()) || dateValue(from) !== value) {
    return null;
  }
  return { from, to: new Date(from.getFullYear(), from.getMonth(), from.getDate() + 1) };
}

/** addDays answers the day that lies so many days after another one. */
export function addDays(value, days) {
  const { from } = dayRange(value);
  return dateValue(new Date(from.getFullYear(), from.getMonth(), from.getDate() + days));
}
