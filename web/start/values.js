// Shows what forms and processes hold, as a person reads it: never as raw JSON.

import { h } from "./dom.js";
import { label, language, t, text } from "./i18n.js";
import { facts } from "./ui.js";
import { dayRange, formatDay, formatTime } from "./time.js";

const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;
const timesIn = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})/g;
const idsIn = /[A-Za-z0-9][A-Za-z0-9._-]*/g;
const isDay = /^\d{4}-\d{2}-\d{2}$/;

/** fieldTitle is what a field is called: its own title, the page's word for its name, or the name. */
export function fieldTitle(name, schema = {}) {
  return text(schema["x-title"]) || schema.title || label("field", name);
}

/** inOrder lists the properties of a schema: as `x-order` says, else the required ones as they are listed, then the others. */
export function inOrder(schema = {}) {
  const all = Object.keys(schema.properties ?? {});
  const first = [...(schema["x-order"] ?? []), ...(schema.required ?? [])];
  return [...new Set([...first.filter((name) => all.includes(name)), ...all])];
}

/** summary lists named values, in the order and with the titles of their schema. */
export function summary(values = {}, schema = {}, rooms = new Map()) {
  const known = inOrder(schema);
  const order = [...known, ...Object.keys(values).filter((name) => !known.includes(name))];
  return facts(order.filter((name) => worthSaying(name, values[name], schema)).map((name) => {
    const part = schema.properties?.[name] ?? {};
    return [fieldTitle(name, part), value(values[name], part, rooms)];
  }));
}

/** worthSaying leaves out what nobody filled in: an optional field that is empty or still has its default. */
export function worthSaying(name, raw, schema = {}) {
  if (raw === undefined || raw === null || raw === "") {
    return false;
  }
  return schema.required?.includes(name) || raw !== schema.properties?.[name]?.default;
}

/** readable puts the times and rooms that a text names by their technical form into words. */
export function readable(words, rooms = new Map()) {
  const times = words.replace(timesIn, (time) => formatTime(time, language()));
  return times.replace(idsIn, (id) => (rooms.has(id) ? text(rooms.get(id).name) : id));
}

/** value shows one value. */
export function value(raw, schema = {}, rooms = new Map()) {
  if (raw === null || raw === undefined || raw === "") {
    return t("app.none");
  }
  if (typeof raw === "boolean") {
    return raw ? t("app.yes") : t("app.no");
  }
  if (Array.isArray(raw)) {
    return raw.length === 0 ? t("app.none") : h("ul", { class: "plain" }, raw.map((item) => h("li", {}, value(item, schema.items, rooms))));
  }
  if (typeof raw === "object") {
    return summary(raw, schema, rooms) ?? t("app.none");
  }
  return scalar(raw, schema, rooms);
}

function scalar(raw, schema, rooms) {
  if (rooms.has(raw)) {
    return text(rooms.get(raw).name);
  }
  if (typeof raw === "number") {
    return raw.toLocaleString(language() === "en" ? "en-US" : "zh-CN");
  }
  if (isTime.test(raw)) {
    return formatTime(raw, language());
  }
  if (isDay.test(raw)) {
    return formatDay(dayRange(raw)?.from, language());
  }
  return Array.isArray(schema.enum) ? optionTitle(raw, schema) : String(raw);
}

/** optionTitle is what one of the values of an enum is called: its own title, the page's word for it, or the value. */
export function optionTitle(option, schema = {}) {
  return text(schema["x-enum-titles"]?.[option]) || label("option", option);
}

/** roomsById makes a map of rooms from the server's list. */
export function roomsById(list) {
  return new Map((list?.items ?? []).map((room) => [room.id, room]));
}
