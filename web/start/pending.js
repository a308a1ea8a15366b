// Answers that the server holds back for a few seconds. Wherever the person goes meanwhile, the page's frame shows them with
// the button that undoes them, and afterwards what became of them. The server carries them out also when nobody waits.

import { api } from "./api.js";
import { h, replace } from "./dom.js";
import { drafts } from "./forms.js";
import { label, nameOf, t, text } from "./i18n.js";
import { explain, notice, winnerText } from "./ui.js";

const storageKey = "steward.pending";
const shownFor = 6000;
const undecided = ["held", "undoing", "sent"];

/**
 * Answers holds what one person has answered, by task. The state of an answer is "held" (it can be undone), "undoing",
 * "sent" (the server decides), then "done", "refused" or "unclear" (it can not be learned, or waits for an operator).
 */
class Answers {
  constructor() {
    Object.assign(this, { person: "", byTask: new Map(), listeners: new Map(), open: () => {} });
  }

  /** resume takes up the answers that this tab had under way for the person; open shows a task. */
  resume(person, open) {
    this.stop();
    Object.assign(this, { person, open });
    kept().filter((answer) => answer.person === person).forEach((answer) => this.take(answer));
  }

  /** stop leaves the answers to the server: nobody is signed in any more. */
  stop() {
    this.byTask.clear();
    replace(place());
  }

  /** hold shows an answer that can be undone for some seconds. drafts names what to forget once it counts. */
  hold({ command, task, outcome, seconds, drafts: names }) {
    this.byTask.get(task.id)?.element.remove();
    const { id, title, step } = task;
    this.take({ command, person: this.person, task: id, title, step, outcome, drafts: names, until: Date.now() + seconds * 1000 });
    this.save();
  }

  take(about) {
    const answer = { ...about, state: "held", element: h("div", { class: "answer", "data-answer": about.task }) };
    this.byTask.set(answer.task, answer);
    place().append(answer.element);
    draw(answer);
    setTimeout(() => answer.state === "held" && this.knows(answer) && this.follow(answer), Math.max(0, answer.until - Date.now()));
  }

  /** knows says whether an answer is still shown: not after the person has signed out, or answered once more. */
  knows(answer) {
    return this.byTask.get(answer.task) === answer;
  }

  /** of answers what the person has answered to a task and is not decided yet. */
  of(task) {
    const answer = this.byTask.get(task);
    return undecided.includes(answer?.state) ? answer : undefined;
  }

  /** problemOf answers once why the person's last answer to a task was refused, for the form where it can be corrected. */
  problemOf(task) {
    const answer = this.byTask.get(task);
    if (answer?.state !== "refused" || answer.shown) {
      return undefined;
    }
    answer.shown = true;
    return answer.problem;
  }

  /** answered says whether a task needs nothing more of the person: the answer is under way, or was accepted. */
  answered(task) {
    return [...undecided, "done"].includes(this.byTask.get(task)?.state);
  }

  /** watch calls the listener when an answer to the task has been decided or undone; the last listener counts. */
  watch(task, listener) {
    this.listeners.set(task, listener);
  }

  /** moved takes away, on the way to another page, what has been there long enough to be read. */
  moved() {
    for (const answer of this.byTask.values()) {
      if (answer.state === "done" && Date.now() - answer.since > shownFor) {
        answer.element.remove();
      }
    }
  }

  /** redraw writes everything anew, in another language. */
  redraw() {
    this.byTask.forEach(draw);
  }

  async undo(answer) {
    if (answer.state !== "held") {
      return;
    }
    become(answer, "undoing");
    try {
      await api.withdraw(answer.command);
    } catch {
      await this.follow(answer); // it was too late, or nobody knows: what became of it is shown as usual
      return;
    }
    this.undone(answer);
  }

  undone(answer) {
    this.drop(answer);
    notice(t("task.undone"));
    this.tell(answer);
    this.open(answer.task);
  }

  drop(answer) {
    answer.element.remove();
    this.byTask.delete(answer.task);
    this.save();
  }

  /** follow waits for the server's word on an answer and shows it. */
  async follow(answer) {
    const undoing = answer.state === "undoing";
    become(answer, "sent");
    try {
      this.decided(answer, await this.outcomeOf(answer));
    } catch (problem) {
      if (!this.knows(answer)) {
        return;
      }
      if (undoing && problem.status === 404) {
        this.undone(answer);
        return;
      }
      this.settle(answer, problem.status === 409 || problem.status === 422 ? "refused" : "unclear", { problem });
    }
  }

  async outcomeOf(answer) {
    let result = { status: "pending" };
    while (result.status === "pending" && result.code !== "parked" && this.knows(answer)) {
      result = await api.followed(answer.command);
    }
    return result;
  }

  decided(answer, result) {
    if (!this.knows(answer)) {
      return;
    }
    const applied = result.status === "applied";
    if (applied) {
      answer.drafts.forEach((name) => drafts.drop(name));
    }
    this.settle(answer, applied ? "done" : "unclear", { message: result.message });
  }

  settle(answer, state, more) {
    Object.assign(answer, more, { since: Date.now() });
    become(answer, state);
    this.save();
    this.tell(answer);
  }

  tell({ task }) {
    this.listeners.get(task)?.();
  }

  save() {
    const under = [...this.byTask.values()].filter((answer) => undecided.includes(answer.state));
    try {
      sessionStorage.setItem(storageKey, JSON.stringify(under.map(({ element, state, ...about }) => about)));
    } catch {
      // Without storage a reload of the page shows nothing of them; the server decides them all the same.
    }
  }
}

/** answers are those of the person who is signed in. */
export const answers = new Answers();

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey)) ?? [];
  } catch {
    return [];
  }
}

function place() {
  return document.getElementById("answers");
}

function become(answer, state) {
  answer.state = state;
  draw(answer);
}

function draw(answer) {
  answer.element.dataset.state = answer.state;
  replace(answer.element, h("p", {}, wordsOf(answer)), buttonOf(answer));
}

function wordsOf(answer) {
  const outcome = label("outcome", answer.outcome);
  const task = nameOf(answer.title, answer.step);
  const about = { task, outcome };
  const more = text(answer.message); // applied, but not all came off
  switch (answer.state) {
    case "held":
      return t("answer.held", { ...about, seconds: Math.max(1, Math.ceil((answer.until - Date.now()) / 1000)) });
    case "done":
      return t("answer.done", about) + (more && t("app.colon") + more);
    case "refused":
      return [t("answer.refused", about), explain(answer.problem), winnerText(answer.problem)].filter(Boolean).join(" ");
    case "unclear":
      return [t("answer.unclear", about), answer.problem ? explain(answer.problem) : more].filter(Boolean).join(" ");
    default:
      return t("answer.sent", about);
  }
}

function buttonOf(answer) {
  switch (answer.state) {
    case "held":
      return h("button", { type: "button", "data-action": "undo", onclick: () => answers.undo(answer) }, t("task.undo"));
    case "undoing":
    case "sent":
      return h("button", { type: "button", disabled: true }, t("task.undo"));
    default:
      return [
        answer.state !== "done" && h("a", { class: "button", href: `#/task/${answer.task}` }, t("answer.open")),
        h("button", { type: "button", "data-action": "close", onclick: () => answer.element.remove() }, t("answer.close")),
      ];
  }
}
