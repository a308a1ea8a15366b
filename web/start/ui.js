// Small pieces that all views share: badges, names, problems, notices.

import { h, newId, replace } from "./dom.js";
import { label, language, t, text } from "./i18n.js";
import { dueState, formatTime, moment } from "./time.js";

const noticeTime = 6000;

/** personName answers a person's name, "" when there is none. */
export function personName(person) {
  return person?.id ? text(person.name) || person.id : "";
}

/** names lists people, groups and posts. */
export function names(principals = []) {
  return principals.map((p) => text(p.name) || p.id).join(t("app.separator"));
}

/** when writes a moment in the page's language and marks it as one. */
export function when(value) {
  const date = moment(value);
  return date === null ? null : h("time", { datetime: date.toISOString() }, formatTime(date, language()));
}

/** dueBadge says in words and color how far a deadline is away; tickBadges keeps it true. */
export function dueBadge(value) {
  const date = moment(value);
  if (date === null) {
    return null;
  }
  const badge = h("span", { "data-due": date.toISOString(), title: formatTime(date, language()) });
  writeBadge(badge);
  return badge;
}

function writeBadge(badge) {
  const { level, count, unit } = dueState(badge.dataset.due);
  badge.className = `badge due-${level}`;
  badge.textContent = dueWords(level, unit, count);
}

function dueWords(level, unit, count) {
  const late = level === "late";
  switch (unit) {
    case "day":
      return late ? t("due.late_day", { count }) : t("due.left_day", { count });
    case "hour":
      return late ? t("due.late_hour", { count }) : t("due.left_hour", { count });
    default:
      return late ? t("due.late_minute", { count }) : t("due.left_minute", { count });
  }
}

/** tickBadges brings every deadline on the page up to date. */
export function tickBadges() {
  document.querySelectorAll("[data-due]").forEach(writeBadge);
}

/** stateBadge shows the state of a process. */
export function stateBadge(process) {
  const outcome = process.outcome ? ` · ${label("outcome", process.outcome)}` : "";
  return h("span", { class: `badge state-${process.state}` }, label("state", process.state), outcome);
}

/** facts makes a list of terms with their values; those without a value are left out. */
export function facts(rows) {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return known.length === 0 ? null : h("dl", { class: "facts" }, known.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

/** section makes a titled part of a page. */
export function section(title, ...children) {
  const id = newId("section");
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), children);
}

/** fold makes a part that is unfolded by pressing its title. The key tells it from the others of the page. */
export function fold(key, title, ...children) {
  return h("details", { class: "fold", "data-key": key }, h("summary", {}, title), children);
}

/** loading says that something is on its way. */
export function loading() {
  return h("div", { class: "loading", role: "status" }, h("span", { class: "bar", "aria-hidden": "true" }), t("app.loading"));
}

/** empty says that there is nothing, kindly. */
export function empty(message) {
  return h("p", { class: "empty" }, message);
}

/** explain puts a problem into words. */
export function explain(problem) {
  const detail = problem.fields?.length > 0 ? "" : problem.detail; // the fields say it, each at its place
  switch (problem.kind) {
    case "network":
      return t("problem.network");
    case "server":
      return [problem.title, detail].filter(Boolean).join(" ") || t("problem.server");
    case "problem":
      return [problem.title, detail].filter(Boolean).join(" ") || t("problem.unknown");
    default:
      return t("problem.unknown");
  }
}

/** winnerText says who decided first, when a command came too late; "" when nobody did. */
export function winnerText({ winner }) {
  if (!winner?.by?.id) {
    return "";
  }
  const outcome = label("outcome", winner.outcome || "done");
  return t("problem.decided", { who: personName(winner.by), when: formatTime(winner.at, language()), outcome });
}

/**
 * problemBox shows a problem with what can be done about it: `retry` sends the same again, `reload` reads the page anew.
 * `fields` are faulty fields that no form could show. What is taken stays taken when the page is read anew.
 */
export function problemBox(problem, { retry, reload, fields = [] } = {}) {
  const taken = problem.code === "conflict";
  return h(
    "div", { class: "problem", role: "alert" },
    h("p", {}, explain(problem)),
    taken && h("p", {}, t("problem.taken")),
    winnerText(problem) && h("p", {}, winnerText(problem)),
    fields.length > 0 && h("ul", {}, fields.map((f) => h("li", {}, f.message))),
    problem.traceId && h("p", { class: "quiet" }, t("problem.trace", { trace: problem.traceId })),
    retry && problem.retryable && h("button", { type: "button", onclick: retry }, t("app.retry")),
    reload && problem.status === 409 && !taken && h("button", { type: "button", onclick: reload }, t("app.reload")),
  );
}

let noticeTimer = 0;
let noticePlace = "";

/** notice tells about something that worked, and goes away by itself after some milliseconds. */
export function notice(message, time = noticeTime) {
  const place = document.getElementById("toast");
  clearTimeout(noticeTimer);
  queueMicrotask(() => { noticePlace = location.hash; }); // where whoever gave it goes next
  replace(place, h("p", {}, message));
  noticeTimer = setTimeout(() => replace(place), time);
}

/** noticeMoved takes a notice away once another page is shown than it was given for. */
export function noticeMoved() {
  if (location.hash !== noticePlace) {
    clearTimeout(noticeTimer);
    replace(document.getElementById("toast"));
  }
}

/**
 * once runs work for a pressed button and keeps the buttons of its group from being pressed again until it is over.
 */
export async function once(group, work) {
  if (group.getAttribute("aria-busy") === "true") {
    return;
  }
  const buttons = [...group.querySelectorAll("button:not([disabled])")];
  group.setAttribute("aria-busy", "true");
  buttons.forEach((b) => { b.disabled = true; });
  try {
    await work();
  } finally {
    group.removeAttribute("aria-busy");
    buttons.forEach((b) => { b.disabled = false; });
  }
}

/** tabs makes a row of links of which one is the present page. */
export function tabs(title, entries, current) {
  const link = ({ key, href, words }) => h("a", { href, class: "tab", "aria-current": key === current ? "page" : null }, words);
  return h("nav", { class: "tabs", "aria-label": title }, entries.map(link));
}
