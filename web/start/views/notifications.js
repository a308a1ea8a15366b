// In-app messages, newest first.

import { api } from "../api.js";
import { h } from "../dom.js";
import { t, text } from "../i18n.js";
import { moment } from "../time.js";
import { notice, once, problemBox, when } from "../ui.js";
import { KeysetList } from "./list.js";

/** notifications lists the person's messages. Opening one marks it as read. */
export async function notifications(ctx) {
  const list = new KeysetList({
    load: (page) => api.notifications(page),
    row: entry,
    version: (message) => message.readAt ?? "",
    nothing: t("notifications.empty"),
  });
  await list.begin();
  const head = h("div", { class: "buttons" });
  if (list.items.length > 0) {
    head.append(h("button", { type: "button", onclick: () => once(head, () => markAll(ctx, list, head)) }, t("notifications.all_read")));
  }
  ctx.show(t("notifications.title"), head, list.element);
  ctx.every(() => list.refresh());
}

async function markAll(ctx, list, head) {
  try {
    await api.markRead({ upTo: Math.max(...list.items.map((message) => message.id)) });
    notice(t("notifications.marked"));
    await list.begin();
  } catch (problem) {
    head.append(problemBox(problem, { retry: () => ctx.again() }));
  }
}

function entry(message) {
  const unread = moment(message.readAt) === null;
  const read = () => unread && api.markRead({ ids: [message.id] }).catch(() => {}); // it stays unread, and can be marked again
  return h(
    "a", { class: "card row-link", href: message.task ? `#/task/${message.task}` : `#/process/${message.process}`, onclick: read },
    h("span", { class: "grow" }, unread ? h("strong", {}, text(message.text)) : text(message.text)),
    h("span", { class: "side" }, unread && h("span", { class: "badge due-soon" }, t("notifications.unread")), h("span", { class: "quiet" }, when(message.createdAt))),
  );
}
