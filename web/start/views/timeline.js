// The decision log of a process, as a story: who did what, when, and what followed.

import { api } from "../api.js";
import { h } from "../dom.js";
import { label, t, text } from "../i18n.js";
import { empty, once, personName, problemBox, section, when } from "../ui.js";
import { moment } from "../time.js";

const pageSize = 200;

/** timeline reads the log from its beginning; what does not fit in one page comes when it is asked for. */
export async function timeline(process) {
  const page = await api.log(process, { limit: pageSize });
  const list = h("ol", { class: "timeline" }, page.items.map(entry));
  return section(t("process.timeline"), page.items.length === 0 ? empty(t("app.none")) : list, more(process, list, page.nextCursor));
}

function more(process, list, cursor) {
  const place = h("div", { class: "buttons" });
  const load = () => once(place, async () => {
    try {
      const page = await api.log(process, { limit: pageSize, cursor });
      list.append(...page.items.map(entry));
      place.replaceWith(more(process, list, page.nextCursor));
    } catch (problem) {
      place.replaceChildren(problemBox(problem, { retry: load }));
    }
  });
  if (cursor) {
    place.append(h("button", { type: "button", onclick: load }, t("app.more")));
  }
  return place;
}

function entry(item) {
  const who = personName(item.person) || t("process.system");
  return h(
    "li", { "data-action": item.action },
    h("p", { class: "quiet" }, when(item.at), " · ", who),
    h("p", {}, h("strong", {}, text(item.summary) || item.action)),
    item.comment && h("blockquote", {}, item.comment),
    effects(item),
  );
}

function effects(item) {
  const said = (item.effects ?? []).map((effect) => text(effect.text)).filter(Boolean);
  const times = (item.deadlines ?? []).map(deadline);
  return said.length + times.length === 0 ? null : h("ul", { class: "effects" }, said.map((words) => h("li", {}, words)), times.map((d) => h("li", {}, d)));
}

function deadline(item) {
  const what = label("deadline", item.key.split("/")[0]);
  if (item.fired) {
    return [what, " ", when(item.at), " ", t("process.fired")];
  }
  if (moment(item.at) === null) {
    return [what, " ", t("process.cleared")];
  }
  return [what, " ", when(item.at), item.provisional && ` (${t("process.provisional")})`];
}
