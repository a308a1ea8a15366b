// Start a process: choose what, then fill in its form.

import { api } from "../api.js";
import { h, replace } from "../dom.js";
import { Form } from "../forms.js";
import { t, text } from "../i18n.js";
import { empty, notice, once, problemBox } from "../ui.js";
import { obstacles } from "./timeline.js";

/** start lists what can be started. */
export async function start(ctx) {
  const { items } = await api.definitions();
  const entry = (d) => h("li", {}, h("a", { class: "card row-link", href: `#/start/${d.id}` },
    h("span", { class: "grow" }, h("strong", {}, text(d.name) || d.id), h("span", { class: "quiet" }, text(d.description)))));
  ctx.show(t("start.title"), items.length === 0 ? empty(t("start.empty")) : h("ul", { class: "list-rows" }, items.map(entry)));
}

/** startForm is the start form of one definition. */
export async function startForm(ctx) {
  const definition = await api.definition(ctx.params[0]);
  const form = new Form(definition.input, { draft: `start ${definition.id}`, prefixes: ["input."] });
  const problem = h("div");
  const send = async () => {
    const input = form.read();
    if (input === null) {
      return;
    }
    replace(problem);
    try {
      await started(ctx, form, await api.start(definition.id, definition.version, input));
    } catch (failure) {
      replace(problem, problemBox(failure, { retry: () => submit(element, send), fields: form.showProblem(failure) }), blocking(failure));
    }
  };
  const element = h(
    "form", { class: "card", novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(element, send); } },
    text(definition.description) && h("p", {}, text(definition.description)),
    form.isEmpty ? h("p", { class: "hint" }, t("start.nothing")) : form.element,
    problem,
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, t("start.button")), h("a", { href: "#/start", class: "button" }, t("app.back"))),
  );
  ctx.show(text(definition.name) || definition.id, element);
}

const submit = (element, send) => once(element, send);

async function started(ctx, form, result) {
  form.forget();
  if (result.status === "pending" || !result.process) {
    notice(t("start.pending"));
    ctx.go("#/processes/mine");
    return;
  }
  const why = (await obstacles(result.process)).join(" ") || text(result.message);
  notice(why === "" ? t("start.done") : t("start.obstacle", { why }), why === "" ? undefined : 20_000);
  ctx.go(`#/process/${result.process}`);
}

/** blocking links the process that stands in the way, when the person may see it. */
function blocking(failure) {
  return failure.process && failure.status === 409 ? h("p", {}, h("a", { href: `#/process/${failure.process}` }, t("task.open_process"))) : null;
}
