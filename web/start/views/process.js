// One process: how it stands, who is next, its steps, what can be told to it, and its timeline.

import { api, sought } from "../api.js";
import { h, replace } from "../dom.js";
import { label, nameOf, t, text } from "../i18n.js";
import { dueBadge, facts, fold, names, personName, section, stateBadge, when } from "../ui.js";
import { summary, value } from "../values.js";
import { moment } from "../time.js";
import { actions } from "./actions.js";
import { steps } from "./steps.js";
import { deadlineWords, timeline } from "./timeline.js";

const noProcess = "00000000-0000-0000-0000-000000000000";

/** process shows a process, and keeps what is shown up to date without touching a form that is being filled in. */
export async function process(ctx) {
  const [item, rooms] = await Promise.all([sought(api.process(ctx.params[0]), t("process.unknown"), t("problem.unseen")), ctx.rooms()]);
  const definition = await api.definition(item.definition, item.version);
  const places = { head: h("div"), actions: h("div"), timeline: h("div") };
  const page = { ctx, definition, rooms, places, revision: -1 };
  await draw(page, item);
  ctx.show(text(item.title) || text(definition.name), places.head, places.actions, places.timeline);
  ctx.every(async () => {
    const fresh = await api.process(item.id);
    if (fresh.revision !== page.revision) {
      await draw(page, fresh);
    }
  });
}

async function draw(page, item) {
  const { places, definition, rooms } = page;
  const words = { rooms, events: new Map(definition.events.map((event) => [event.name, event.title])) };
  const log = await timeline(item.id, words);
  page.revision = item.revision;
  const opened = openPanels(places);
  replace(places.head, overview(item, definition, rooms), next(item), section(t("process.steps"), steps(item.steps)), related(item));
  if (places.actions.querySelector("details[open]") === null) {
    replace(places.actions, actions(page.ctx, item, definition));
  }
  replace(places.timeline, log, deadlines(item, definition, words));
  opened.forEach((key) => places.head.parentNode?.querySelector(`details[data-key="${CSS.escape(key)}"]`)?.setAttribute("open", ""));
}

/** openPanels answers what the person has unfolded, so that news does not fold it again. */
function openPanels({ head, timeline: log }) {
  return [...head.querySelectorAll("details[open]"), ...log.querySelectorAll("details[open]")].map((panel) => panel.dataset.key);
}

function overview(item, definition, rooms) {
  return section(
    t("process.summary"),
    h("p", {}, stateBadge(item), " ", h("span", { class: "quiet" }, text(item.definitionName) || text(definition.name))),
    proposal(item, definition, rooms),
    facts([
      [t("process.started"), [personName(item.starter), " · ", when(item.startedAt)]],
      [t("process.key"), item.businessKey],
      [t("process.outcome"), item.outcome && label("outcome", item.outcome)],
      [t("task.due"), moment(item.dueAt) && [when(item.dueAt), " ", dueBadge(item.dueAt)]],
      [t("process.next_at"), item.state === "ended" ? null : when(item.nextAt)],
    ]),
    summary(item.input, definition.input, rooms),
  );
}

function proposal(item, definition, rooms) {
  const open = item.proposal;
  if (!open?.event) {
    return null;
  }
  return h("div", { class: "problem" }, h("p", {}, t("process.proposal", { who: personName(open.by) || t("process.system") })), value(open.fields, definition.input, rooms));
}

function next(item) {
  const row = (task) => h("li", {}, h(
    "a", { class: "row-link", href: `#/task/${task.task}` },
    h("span", { class: "grow" }, h("strong", {}, nameOf(task.name, task.step)), h("span", { class: "quiet" }, personName(task.assignee) || names(task.who))),
    h("span", { class: "side" }, dueBadge(task.dueAt)),
  ));
  return section(t("process.next"), item.next.length === 0 ? h("p", { class: "quiet" }, t("process.next_none")) : h("ul", { class: "list-rows" }, item.next.map(row)));
}

function related(item) {
  const parent = item.parent && item.parent !== noProcess;
  const children = item.children ?? [];
  if (!parent && children.length === 0) {
    return null;
  }
  const link = (id, words) => h("li", {}, h("a", { href: `#/process/${id}` }, words));
  return section(t("process.related"), h(
    "ul", {}, parent && link(item.parent, t("process.parent")), children.map((id, i) => link(id, t("process.child", { number: i + 1 }))),
  ));
}

function deadlines(item, definition, words) {
  const list = [...(item.deadlines ?? [])].filter((d) => moment(d.at) !== null).sort((a, b) => moment(a.at) - moment(b.at));
  const named = new Map(stepNames(definition.steps.concat(definition.finally, definition.blocks, item.steps))); // those of the process are filled in
  const row = (d) => {
    const { event, what } = deadlineWords(d.key, words.events);
    return h("li", {}, when(d.at), " ", t("process.deadline", { step: event || nameOf(named.get(d.step), d.step), what }),
      d.provisional && h("span", { class: "quiet" }, t("app.brackets", { words: t("process.provisional") })));
  };
  return list.length === 0 ? null : h("section", { class: "card" }, fold("deadlines", t("process.deadlines") + t("app.brackets", { words: list.length }), h("ul", { class: "plain" }, list.map(row))));
}

function stepNames(list = []) {
  return list.flatMap((step) => [[step.id, step.name], ...stepNames(step.children)]);
}
