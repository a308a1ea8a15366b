// What people said about a task's process, and a field to say something.

import { api } from "../api.js";
import { h, newId, replace } from "../dom.js";
import { t } from "../i18n.js";
import { notice, once, personName, problemBox, section, when } from "../ui.js";
import { KeysetList } from "./list.js";

/** comments makes the part of a page for a task's comments: { element, refresh }. */
export async function comments(task) {
  const list = new KeysetList({
    load: (page) => api.comments(task.id, page),
    row: entry,
    version: () => "",
    nothing: t("comments.empty"),
  });
  await list.begin();
  const allowed = task.allowedActions.some((action) => action.action === "comment" && action.allowed);
  return { element: section(t("comments.title"), list.element, allowed && writer(task, list)), refresh: () => list.refresh() };
}

function entry(comment) {
  return h("div", { class: "comment" }, h("p", { class: "quiet" }, personName(comment.author), " · ", when(comment.createdAt)), h("p", { class: "said" }, comment.body));
}

function writer(task, list) {
  const words = h("textarea", { id: newId("field"), rows: 2, maxlength: 2000 });
  const problem = h("div");
  const send = () => once(form, async () => {
    replace(problem);
    const body = words.value.trim();
    if (body === "") {
      replace(problem, h("p", { class: "error", role: "alert" }, t("comments.missing")));
      words.focus();
      return;
    }
    try {
      await api.comment(task.id, body);
      words.value = "";
      notice(t("comments.sent"));
      await list.begin();
    } catch (failure) {
      replace(problem, problemBox(failure, { retry: send, fields: failure.fields }));
    }
  });
  const form = h(
    "form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); send(); } },
    h("div", { class: "field" }, h("label", { for: words.id }, t("comments.add")), words), problem,
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "small" }, t("comments.button"))),
  );
  return form;
}
