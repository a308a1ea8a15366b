// One task: what it is about, its form, and what the person may do with it.

import { api, sought } from "../api.js";
import { h, newId, replace } from "../dom.js";
import { drafts, Form } from "../forms.js";
import { label, language, nameOf, t, text } from "../i18n.js";
import { answers } from "../pending.js";
import { formatTime, moment } from "../time.js";
import { dueBadge, facts, names, notice, once, personName, problemBox, section, when } from "../ui.js";
import { summary } from "../values.js";
import { comments } from "./comments.js";
import { obstacles } from "./timeline.js";

/** For so long a decision can be undone. */
const undoSeconds = 8;

/** task shows a task to be done, or what became of it. */
export async function task(ctx) {
  let item = await sought(api.task(ctx.params[0]), t("task.unknown"), t("problem.unseen"));
  const [around, rooms, reasons] = await Promise.all([surroundings(item), ctx.rooms(), obstacles(item.process, item.step)]);
  const news = h("div", { class: "news", "aria-live": "polite" });
  const talk = await comments(item);
  const doing = h("div", {}, work(ctx, item));
  const again = async () => {
    try {
      item = await api.task(item.id);
      replace(doing, work(ctx, item));
    } catch {
      ctx.again(); // which says why it cannot be shown
    }
  };
  ctx.show(
    nameOf(item.title, item.step), news, about(item, around, reasons),
    part(t("task.details"), summary(item.details, item.detailsForm, rooms)),
    part(t("task.request"), summary(around.process?.input, around.definition?.input, rooms)),
    part(t("task.checklist"), item.checklist?.length > 0 && checklist(item)),
    doing,
    talk.element,
  );
  answers.watch(item.id, () => ctx.alive && again());
  ctx.every(async () => {
    announce(ctx, news, item, await api.task(item.id));
    await talk.refresh();
  });
}

/** surroundings reads the process and its definition, for the words of the request. Who may do a task may not always see them. */
async function surroundings(item) {
  try {
    const process = await api.process(item.process);
    return { process, definition: await api.definition(process.definition, process.version) };
  } catch (problem) {
    if (problem.retryable) {
      throw problem;
    }
    return {};
  }
}

/** checklist can be ticked: a help for whoever does the task, kept in this tab and not sent. */
function checklist(item) {
  const key = `steward.checks ${item.id}`;
  const ticked = new Set(kept(key));
  const row = (line, i) => {
    const box = h("input", { type: "checkbox", id: newId("check"), checked: ticked.has(i), disabled: item.status !== "open", onchange: () => {
      ticked[box.checked ? "add" : "delete"](i);
      keep(key, [...ticked]);
    } });
    return h("li", {}, h("label", { class: "check", for: box.id }, box, text(line)));
  };
  return h("ul", { class: "plain" }, item.checklist.map(row));
}

function kept(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

function keep(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage the ticks last as long as the page.
  }
}

function part(title, content) {
  return content ? section(title, content) : null;
}

function about(item, { process, definition }, reasons) {
  const due = moment(item.dueAt) === null ? t("task.due_none") : [when(item.dueAt), " ", item.status === "open" && dueBadge(item.dueAt)];
  const starter = personName(process?.starter);
  const why = process && t("task.why_text", { starter, process: text(definition.name) || definition.id, step: nameOf(item.title, item.step) });
  return h("section", { class: "card" }, facts([
    [t("task.process"), process ? h("a", { href: `#/process/${item.process}` }, text(item.processTitle)) : text(item.processTitle)],
    [t("task.who"), personName(item.assignee)],
    [t("task.candidates"), personName(item.assignee) === "" ? names(item.candidates) : ""],
    [t("task.due"), item.lateStart ? [due, " ", h("span", { class: "badge due-late" }, t("task.late_start"))] : due],
    [t("task.opened"), when(item.openedAt)],
    [t("task.starter"), starter],
    [t("task.why"), why],
    [t("task.reason"), reasons.length > 0 ? h("strong", { "data-reason": "" }, reasons.join(" ")) : ""],
  ]));
}

function ended(item) {
  const who = personName(item.closedBy);
  const words = item.status === "done" && who !== ""
    ? t("task.closed_by", { who, outcome: label("outcome", item.outcome || "done"), when: formatTime(item.closedAt, language()) })
    : t("task.closed");
  return h("section", { class: "card" }, h("p", {}, words));
}

function announce(ctx, news, old, fresh) {
  const changed = fresh.revision !== old.revision || fresh.status !== old.status;
  if (changed && news.childElementCount === 0) {
    replace(news, h("p", { class: "pill-text" }, t("task.changed"), " ", h("button", { type: "button", onclick: () => ctx.again() }, t("app.reload"))));
  }
}

// Doing it ------------------------------------------------------------------------------------------------------------

/** Desk is the part of the page where a task is worked on. */
class Desk {
  constructor(ctx, item) {
    Object.assign(this, { ctx, item });
    this.form = new Form(item.form, { values: item.prefill, draft: `task ${item.id}`, prefixes: ["form.", "data.", "input."] });
    this.said = `comment ${item.id}`;
    this.comment = h("textarea", { id: newId("field"), rows: 2, maxlength: 2000, value: drafts.read(this.said) ?? "", oninput: () => drafts.write(this.said, this.comment.value) });
    this.problem = h("div");
    this.element = h("section", { class: "card desk" });
    this.draw();
    const problem = answers.problemOf(item.id);
    if (problem !== undefined) {
      this.failed(problem);
    }
  }

  draw() {
    const completing = this.may("complete");
    replace(
      this.element,
      completing ? [this.form.isEmpty ? null : [h("h2", {}, t("task.form")), this.form.element], this.commentField()] : this.refusal(),
      this.problem,
      h("div", { class: "buttons" }, completing && this.outcomes(), this.claim(), this.release()),
      this.may("transfer") && this.transfer(),
    );
  }

  may(verb) {
    return this.item.allowedActions.some((action) => action.action === verb && action.allowed);
  }

  refusal() {
    const reason = this.item.allowedActions.find((action) => action.action === "complete")?.reason;
    return h("p", { class: "hint" }, text(reason) || t("task.not_allowed"));
  }

  commentField() {
    return h("div", { class: "field" }, h("label", { for: this.comment.id }, t("task.comment")), this.comment);
  }

  outcomes() {
    const all = this.item.outcomes.length > 0 ? this.item.outcomes : ["done"];
    return all.map((outcome, i) => h("button", {
      type: "button", class: classOf(outcome, i), "data-outcome": outcome, onclick: () => this.complete(outcome),
    }, label("outcome", outcome)));
  }

  claim() {
    return this.may("claim") && h("button", { type: "button", "data-action": "claim", onclick: () => this.send(
      () => api.claim(this.item.id, { expectedRevision: this.item.revision }), t("task.claimed"), { then: () => this.ctx.again() },
    ) }, t("task.claim"));
  }

  release() {
    return this.may("release") && h("button", { type: "button", "data-action": "release", onclick: () => this.send(
      () => api.release(this.item.id, this.body()), t("task.released"),
    ) }, t("task.release"));
  }

  transfer() {
    const to = h("input", { id: newId("field"), autocapitalize: "none", spellcheck: "false", autocomplete: "off", maxlength: 64 });
    const send = () => this.send(() => api.transfer(this.item.id, { to: to.value.trim(), ...this.body() }), t("task.transferred"));
    const press = () => (to.value.trim() === "" ? to.focus() : send());
    return h(
      "details", { class: "panel" }, h("summary", {}, t("task.transfer")),
      h("div", { class: "field" }, h("label", { for: to.id }, t("task.transfer_to")), to),
      h("div", { class: "buttons" }, h("button", { type: "button", onclick: press }, t("task.transfer_button"))),
    );
  }

  /** body is what goes with every command on the task: the revision that the person has seen, and what they wrote. */
  body(more = {}) {
    const comment = this.comment.value.trim();
    return { expectedRevision: this.item.revision, ...more, ...(comment === "" ? {} : { comment }) };
  }

  complete(outcome) {
    const values = this.form.read(outcome);
    if (values === null) {
      return undefined;
    }
    const leftOut = this.form.isEmpty || (!this.form.owes(outcome) && this.form.untouched);
    const body = this.body({ outcome, holdSeconds: undoSeconds, ...(leftOut ? {} : { form: values }) });
    return this.send(() => api.complete(this.item.id, body), t("task.completed", { outcome: label("outcome", outcome) }), { outcome });
  }

  /** hold hands an answer that can still be undone to the frame of the page, which says what becomes of it. */
  hold({ command }, outcome) {
    answers.hold({ command, task: this.item, outcome, seconds: undoSeconds, drafts: [this.form.draft, this.said] });
  }

  /** send carries out a command once, however often it is pressed, and says what became of it. */
  send(command, words, { outcome, then = () => this.ctx.go("#/inbox/mine") } = {}) {
    return once(this.element, async () => {
      replace(this.problem);
      let result;
      try {
        result = await command();
      } catch (failure) {
        this.failed(failure, () => this.send(command, words, { outcome, then }));
        return;
      }
      if (result.status === "pending" && result.heldUntil) {
        this.hold(result, outcome);
      } else {
        this.finished(result, words);
      }
      if (this.ctx.alive) {
        then();
      }
    });
  }

  finished(result, words) {
    this.form.forget();
    drafts.drop(this.said);
    const more = text(result.message); // applied, but not all came off
    notice(more === "" ? words : words + t("app.colon") + more, more === "" ? undefined : 20_000);
  }

  failed(failure, retry) {
    const fields = this.form.showProblem(failure);
    replace(this.problem, problemBox(failure, { retry, reload: () => this.ctx.again(), fields }));
  }
}

/** work is what the person may do with the task now: nothing while an answer of theirs is under way. */
function work(ctx, item) {
  const answer = answers.of(item.id);
  if (answer !== undefined) {
    const words = t("task.answered", { outcome: label("outcome", answer.outcome) });
    return h("section", { class: "card", "data-answered": "" }, h("p", { class: "pill-text" }, words));
  }
  return item.status === "open" ? new Desk(ctx, item).element : ended(item);
}

function classOf(outcome, place) {
  if (["rejected", "given_up"].includes(outcome)) {
    return "danger";
  }
  return place === 0 ? "primary" : "";
}
