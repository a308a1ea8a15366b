// What a person can tell a process: that it has ended, that its time changes, that it is called off.

import { api } from "../api.js";
import { h, replace } from "../dom.js";
import { Form } from "../forms.js";
import { nameOf, t, text } from "../i18n.js";
import { notice, once, problemBox, section } from "../ui.js";

const eventPrefix = "event:";

/** actions draws the events and verbs that the server offers, each with its form. */
export function actions(ctx, process, definition) {
  const offered = distinct(process.allowedActions);
  const open = offered.filter((action) => action.allowed);
  if (process.state === "ended") {
    return null;
  }
  return section(
    t("process.actions"),
    open.length === 0 && h("p", { class: "quiet" }, t("process.actions_none")),
    open.map((action) => panel(ctx, process, definition, action)),
    offered.filter((action) => !action.allowed).map((action) => h("p", { class: "quiet" }, titleOf(action), text(action.reason) && t("app.colon") + text(action.reason))),
  );
}

/** distinct leaves out the events that have a verb of their own; the verb gets the event's name. */
function distinct(list) {
  const verbs = new Set(list.map((action) => action.action));
  const titles = new Map(list.map((action) => [action.action, action.title]));
  const doubled = ({ action }) => action.startsWith(eventPrefix) && verbs.has(action.slice(eventPrefix.length));
  return list.filter((action) => !doubled(action)).map((action) => ({ ...action, title: action.title ?? titles.get(eventPrefix + action.action) }));
}

function titleOf({ action, title }) {
  if (action === "cancel") {
    return text(title) || t("process.cancel");
  }
  const name = action.startsWith(eventPrefix) ? action.slice(eventPrefix.length) : action;
  return nameOf(title, name);
}

function panel(ctx, process, definition, action) {
  const title = titleOf(action);
  const form = formOf(process, definition, action);
  const problem = h("div");
  const send = () => once(element, async () => {
    const data = form.read();
    if (data === null) {
      return;
    }
    replace(problem);
    try {
      await command(process, action, data);
    } catch (failure) {
      replace(problem, problemBox(failure, { retry: send, reload: () => ctx.again(), fields: form.showProblem(failure) }));
      return;
    }
    form.forget();
    notice(t("process.told", { action: title }));
    ctx.again();
  });
  const press = () => (action.action === "cancel" ? ask(element.querySelector("form"), send) : send());
  const element = h(
    "details", { class: "panel", "data-action": action.action }, h("summary", {}, title),
    h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); press(); } },
      !form.isEmpty && form.element, problem,
      h("div", { class: "buttons" }, h("button", { type: "submit", class: action.action === "cancel" ? "danger" : "primary" }, t("process.confirm", { action: title })))),
  );
  return element;
}

/** ask makes sure before what cannot be undone. Its buttons lie elsewhere than the one just pressed, so that a double press asks only. */
function ask(form, send) {
  if (form.querySelector(".sure") !== null) {
    return;
  }
  const yes = () => { box.remove(); send(); };
  const box = h("div", { class: "problem sure", role: "alert" }, h("p", {}, t("process.sure")), h("div", { class: "buttons" },
    h("button", { type: "button", onclick: () => box.remove() }, t("process.sure_no")),
    h("button", { type: "button", class: "danger", "data-sure": "yes", onclick: yes }, t("process.sure_yes"))));
  form.append(box);
  box.querySelector("button").focus();
}

function formOf(process, definition, { action, schema }) {
  const draft = `process ${process.id} ${action}`;
  if (action === "cancel") {
    const reason = { type: "string", maxLength: 2000, "x-title": { zh: t("process.cancel_reason"), en: t("process.cancel_reason") } };
    return new Form({ type: "object", properties: { reason } }, { draft });
  }
  return new Form(titled(schema, definition.input), { draft, values: valuesFor(schema, process.input), prefixes: ["data.", "input."] });
}

/** titled gives the fields of an event the titles of the start form's fields of the same name. */
function titled(schema, input) {
  const own = Object.entries(schema?.properties ?? {});
  return { ...schema, properties: Object.fromEntries(own.map(([name, part]) => [name, { ...input?.properties?.[name], ...part }])) };
}

function valuesFor(schema, input = {}) {
  return Object.fromEntries(Object.keys(schema?.properties ?? {}).filter((name) => name in input).map((name) => [name, input[name]]));
}

function command(process, { action }, data) {
  switch (action) {
    case "cancel":
      return api.cancel(process.id, data.reason);
    case "reschedule":
      return api.reschedule(process.id, data);
    default:
      return api.tell(process.id, action.slice(eventPrefix.length), data);
  }
}
