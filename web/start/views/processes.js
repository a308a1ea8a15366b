// The processes that the person may see, newest first.

import { api } from "../api.js";
import { h } from "../dom.js";
import { language, t, text } from "../i18n.js";
import { formatTime } from "../time.js";
import { personName, stateBadge, tabs, when } from "../ui.js";
import { KeysetList } from "./list.js";

const filters = { open: { state: "open" }, mine: { mine: true }, all: {} };

/** processes lists the open ones, those that the person started, or all. */
export async function processes(ctx) {
  const [filter] = ctx.params;
  const kinds = new Map((await api.definitions()).items.map((definition) => [definition.id, text(definition.name)]));
  const list = new KeysetList({
    load: (page) => api.processes({ ...filters[filter], ...page }),
    row: (process) => entry(process, kinds.get(process.definition)),
    version: (process) => process.revision,
    nothing: t("processes.empty"),
  });
  await list.begin();
  ctx.show(t("processes.title"), tabs(t("processes.title"), choices(), filter), list.element);
  ctx.every(() => list.refresh());
}

function choices() {
  return [
    { key: "open", href: "#/processes/open", words: t("processes.open") },
    { key: "mine", href: "#/processes/mine", words: t("processes.mine") },
    { key: "all", href: "#/processes/all", words: t("processes.all") },
  ];
}

function entry(process, kind) {
  const started = t("processes.started", { who: personName(process.starter), when: formatTime(process.startedAt, language()) });
  return h(
    "a", { class: "card row-link", href: `#/process/${process.id}` },
    h("span", { class: "grow" }, h("strong", {}, text(process.title)), h("span", { class: "quiet" }, kind && [h("span", { class: "kind" }, kind), " · "], started)),
    h("span", { class: "side" }, stateBadge(process), h("span", { class: "quiet" }, when(process.endedAt))),
  );
}
