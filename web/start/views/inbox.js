// My tasks, in four lists.

import { api } from "../api.js";
import { h } from "../dom.js";
import { label, nameOf, t, text } from "../i18n.js";
import { answers } from "../pending.js";
import { dueBadge, personName, tabs, when } from "../ui.js";
import { KeysetList } from "./list.js";

/** inbox shows one of the lists; its parameter is the scope. */
export async function inbox(ctx) {
  const [scope] = ctx.params;
  const list = new KeysetList({
    load: (page) => load(scope, page),
    row: scope === "done" ? doneRow : openRow,
    version: (task) => `${task.revision} ${task.status}`,
    nothing: nothingIn(scope),
  });
  await list.begin();
  ctx.show(t("inbox.title"), tabs(t("inbox.title"), scopes(), scope), list.element);
  ctx.every(() => list.refresh());
}

/** load leaves out of the open tasks those that the person has just answered. */
async function load(scope, query) {
  const page = await api.tasks({ scope, ...query });
  return scope === "done" ? page : { ...page, items: page.items.filter((task) => !answers.answered(task.id)) };
}

function scopes() {
  return [
    { key: "mine", href: "#/inbox/mine", words: t("inbox.mine") },
    { key: "claimable", href: "#/inbox/claimable", words: t("inbox.claimable") },
    { key: "overdue", href: "#/inbox/overdue", words: t("inbox.overdue") },
    { key: "done", href: "#/inbox/done", words: t("inbox.done") },
  ];
}

function nothingIn(scope) {
  switch (scope) {
    case "claimable":
      return t("inbox.empty_claimable");
    case "overdue":
      return t("inbox.empty_overdue");
    case "done":
      return t("inbox.empty_done");
    default:
      return t("inbox.empty_mine");
  }
}

function openRow(task) {
  return h(
    "a", { class: "card row-link", href: `#/task/${task.id}` },
    h("span", { class: "grow" }, h("strong", {}, nameOf(task.title, task.step)), h("span", { class: "quiet" }, text(task.processTitle))),
    h("span", { class: "side" }, dueBadge(task.dueAt), h("span", { class: "quiet" }, personName(task.assignee))),
  );
}

function doneRow(task) {
  return h(
    "a", { class: "card row-link", href: `#/task/${task.id}` },
    h("span", { class: "grow" }, h("strong", {}, nameOf(task.title, task.step)), h("span", { class: "quiet" }, text(task.processTitle))),
    h("span", { class: "side" }, h("span", { class: "badge" }, label("outcome", task.outcome || "done")), h("span", { class: "quiet" }, when(task.closedAt))),
  );
}
