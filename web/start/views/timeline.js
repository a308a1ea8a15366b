// The decision log of a process, as a story: who did what, when, and what followed.

import { api } from "../api.js";
import { h } from "../dom.js";
import { label, nameOf, t, text } from "../i18n.js";
import { empty, fold, once, personName, problemBox, section, when } from "../ui.js";
import { moment } from "../time.js";
import { readable } from "../values.js";

const pageSize = 200;

/**
 * timeline reads the log from its beginning; what does not fit in one page comes when it is asked for. words are the
 * rooms and the events by their ids, for texts that name them.
 */
export async function timeline(process, words) {
  const page = await api.log(process, { limit: pageSize });
  const list = h("ol", { class: "timeline" }, page.items.map((item) => entry(item, words)));
  return section(t("process.timeline"), page.items.length === 0 ? empty(t("app.none")) : list, more(process, list, page.nextCursor, words));
}

function more(process, list, cursor, words) {
  const place = h("div", { class: "buttons" });
  const load = () => once(place, async () => {
    try {
      const page = await api.log(process, { limit: pageSize, cursor });
      list.append(...page.items.map((item) => entry(item, words)));
      place.replaceWith(more(process, list, page.nextCursor, words));
    } catch (problem) {
      place.replaceChildren(problemBox(problem, { retry: load }));
    }
  });
  if (cursor) {
    place.append(h("button", { type: "button", onclick: load }, t("app.more")));
  }
  return place;
}

function entry(item, words) {
  const who = personName(item.person) || t("process.system");
  return h(
    "li", { "data-action": item.action },
    h("p", { class: "quiet" }, when(item.at), " · ", who),
    h("p", {}, h("strong", {}, readable(text(item.summary) || item.action, words.rooms))),
    item.comment && h("blockquote", {}, item.comment),
    effects(item, words),
    deadlines(item, words),
  );
}

function effects(item, { rooms }) {
  const said = (item.effects ?? []).map((effect) => text(effect.text)).filter(Boolean);
  return said.length === 0 ? null : h("ul", { class: "effects" }, said.map((line) => h("li", {}, readable(line, rooms))));
}

function deadlines(item, words) {
  const list = item.deadlines ?? [];
  const title = t("process.times", { count: list.length });
  return list.length === 0 ? null : fold(`log ${item.seq}`, title, h("ul", { class: "effects" }, list.map((d) => h("li", {}, deadline(d, words)))));
}

function deadline(item, { events }) {
  const { event, what } = deadlineWords(item.key, events);
  const name = event === "" ? what : t("process.deadline", { step: event, what });
  if (item.fired) {
    return [name, " ", when(item.at), " ", t("process.fired")];
  }
  if (moment(item.at) === null) {
    return [name, " ", t("process.cleared")];
  }
  return [name, " ", when(item.at), item.provisional && t("app.brackets", { words: t("process.provisional") })];
}

/**
 * obstacles answers why a process asks for something out of its usual way: what the decision tells that opened a task of
 * the step, without one the newest decision. They are only an explanation: nothing is said when they cannot be read.
 */
export async function obstacles(process, step) {
  try {
    const { items } = await api.log(process, { limit: pageSize });
    const opens = (item) => (item.effects ?? []).some((effect) => effect.kind === "task.opened" && effect.step === step);
    const decision = step === undefined ? items.at(-1) : items.findLast(opens);
    return (decision?.effects ?? []).filter((effect) => effect.kind === "output.set").map((effect) => text(effect.text));
  } catch {
    return [];
  }
}

/** deadlineWords reads a deadline's key, such as due, escalate/0 or event/meeting_ended/remind/0. */
export function deadlineWords(key, events) {
  const [first, name, kind] = key.split("/");
  if (first === "escalate") {
    return { event: "", what: t("deadline.level", { number: Number(name) + 1 }) };
  }
  if (first !== "event") {
    return { event: "", what: label("deadline", first) };
  }
  return { event: nameOf(events.get(name), name), what: label("deadline", kind) };
}
