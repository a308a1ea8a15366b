// The steps of a process as nested lists: what is done, what goes on, what is still to come.

import { h } from "../dom.js";
import { label, language, nameOf, t, text } from "../i18n.js";
import { formatTime } from "../time.js";
import { dueBadge, fold, names, personName, when } from "../ui.js";

/** steps draws a list of steps with all that lies under them. */
export function steps(list = []) {
  return h("ol", { class: "steps" }, list.map(step));
}

function step(item) {
  const children = item.children ?? [];
  const named = text(item.name) !== "" || item.id;
  if (!named && item.kind === "sequence" && children.length > 0) {
    return h("li", { class: "step", "data-step": item.path }, steps(children));
  }
  const title = named ? nameOf(item.name, item.id) : label("kind", item.kind);
  const line = h("span", { class: "step-line" }, badge(item), h("span", { class: "step-name" }, title), remarks(item));
  return h("li", { class: `step step-${item.state}`, "data-step": item.id || item.path }, children.length === 0 ? line : group(item, line, children));
}

function badge(item) {
  return h("span", { class: `badge step-badge-${item.state}` }, label("step", item.state));
}

/** group unfolds what goes on now; what is over or still to come is folded. */
function group(item, line, children) {
  const under = fold(`step ${item.path}`, line, steps(children));
  under.open = item.state === "now";
  return under;
}

function remarks(item) {
  const parts = [];
  if (item.outcome) {
    parts.push(label("outcome", item.outcome));
  }
  parts.push(who(item), time(item));
  if (item.runs > 0) {
    parts.push(t("step.runs", { count: item.runs }));
  }
  if (item.round > 0) {
    parts.push(t("step.round", { count: item.round + 1 }));
  }
  const shown = parts.filter(Boolean).flatMap((part) => [" · ", part]).slice(1);
  return [h("span", { class: "quiet" }, shown), item.state === "now" && dueBadge(item.dueAt), item.late && h("span", { class: "badge due-late" }, t("step.late"))];
}

function who(item) {
  const by = personName(item.by);
  if (by !== "") {
    return t("step.by", { who: by });
  }
  if (item.state === "done" && item.uses && !asksPeople(item)) {
    return t("step.by", { who: t("process.system") });
  }
  return item.who?.length > 0 ? t("step.with", { who: names(item.who) }) : "";
}

function asksPeople({ uses }) {
  return uses === "task" || uses === "approval" || uses.startsWith("task/");
}

function time(item) {
  if (item.state === "done") {
    return when(item.doneAt);
  }
  const due = formatTime(item.dueAt, language());
  return due && t("step.due", { when: due });
}
