// Moments, in words. The language and the moment "now" are given; the time zone is the house's unless another one is given.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Below this a deadline counts as near. */
const soon = 2 * hour;

let house; // until somebody is signed in, the browser's own zone

/** setZone sets the house's time zone, in which times are shown and entered, such as Asia/Shanghai; an unknown one is left out. */
export function setZone(zone) {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    house = zone;
  } catch {
    house = undefined;
  }
}

/** foreignZone answers the house's time zone when the browser has another one, else "". */
export function foreignZone(browser = Intl.DateTimeFormat().resolvedOptions().timeZone) {
  return house === undefined || house === browser ? "" : house;
}

/** moment reads an RFC 3339 time; null for none, for what cannot be read, and for the zero time that some servers write. */
export function moment(value) {
  const date = value ? new Date(value) : null;
  return date === null || Number.isNaN(date.getTime()) || date.getTime() < 0 ? null : date;
}

function parts(date, timeZone = house) {
  const options = {
    timeZone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
    year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  };
  const found = {};
  for (const { type, value } of new Intl.DateTimeFormat("en-US", options).formatToParts(date)) {
    found[type] = value;
  }
  return found;
}

function named(date, lang, timeZone = house, what = {}) {
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

/** shift answers by how many minutes the house's clocks are ahead of UTC at a moment. */
function shift(date, timeZone) {
  const p = parts(date, timeZone);
  const wall = Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second);
  return Math.round((wall - date.getTime()) / minute);
}

/** momentOf answers the moment at which the house's clocks show a time such as 2026-11-21T14:30; null for none. */
function momentOf(local, timeZone) {
  const wall = local ? new Date(`${local}Z`) : null;
  if (wall === null || Number.isNaN(wall.getTime())) {
    return null;
  }
  const guess = new Date(wall.getTime() - shift(wall, timeZone) * minute);
  return new Date(wall.getTime() - shift(guess, timeZone) * minute);
}

/** offsetOf writes how far clocks are ahead of UTC, in minutes, such as +08:00. */
export function offsetOf(east) {
  const size = Math.abs(east);
  return `${east < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** withOffset turns the value of a datetime-local field into RFC 3339 with the house's offset on that day; "" for none. */
export function withOffset(local, { timeZone } = {}) {
  const date = momentOf(local, timeZone);
  return date === null ? "" : `${wall(date, timeZone)}:${two(parts(date, timeZone).second)}${offsetOf(shift(date, timeZone))}`;
}

/** localValue turns an RFC 3339 time into the value of a datetime-local field, to the minute. */
export function localValue(value, { timeZone } = {}) {
  const date = moment(value);
  return date === null ? "" : wall(date, timeZone);
}

function wall(date, timeZone) {
  const p = parts(date, timeZone);
  return `${dateValue(date, { timeZone })}T${p.hour}:${p.minute}`;
}

/** dateValue writes the day of a date in the house as 2026-11-21. */
export function dateValue(date, { timeZone } = {}) {
  const p = parts(date, timeZone);
  return `${p.year.padStart(4, "0")}-${two(p.month)}-${two(p.day)}`;
}

/** dayRange answers the beginning and the end of a day (2026-11-21) in the house, as Dates; null when it is none. */
export function dayRange(value, { timeZone } = {}) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) {
    return null;
  }
  const from = momentOf(`${value}T00:00`, timeZone);
  if (from === null || utcDay(value, 0) !== value) {
    return null;
  }
  return { from, to: momentOf(`${utcDay(value, 1)}T00:00`, timeZone) };
}

/** addDays answers the day that lies so many days after another one. */
export function addDays(value, days) {
  return utcDay(value, days);
}

/** utcDay counts days where none is shorter than another. */
function utcDay(value, days) {
  const [year, month, date] = value.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10);
}
