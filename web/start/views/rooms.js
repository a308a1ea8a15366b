// The rooms of the house on one day.

import { api } from "../api.js";
import { h, newId } from "../dom.js";
import { language, t, text } from "../i18n.js";
import { addDays, dateValue, dayRange, formatDay, formatSpan, moment } from "../time.js";
import { empty } from "../ui.js";

/** rooms shows for every room when it is taken; its parameter is the day, today without one. */
export async function rooms(ctx) {
  const day = dayRange(ctx.params[0] ?? "") === null ? dateValue(new Date()) : ctx.params[0];
  const read = () => load(day);
  const first = await read();
  const place = h("div", {}, list(first, day));
  ctx.show(t("rooms.title"), chooser(ctx, day), place);
  let shown = JSON.stringify(first);
  ctx.every(async () => {
    const fresh = await read();
    if (JSON.stringify(fresh) !== shown) {
      shown = JSON.stringify(fresh);
      place.replaceChildren(list(fresh, day));
    }
  });
}

async function load(day) {
  const { from, to } = dayRange(day);
  const [all, taken] = await Promise.all([api.rooms(), api.reservations({ from: from.toISOString(), to: to.toISOString() })]);
  return { rooms: all.items, taken: taken.items };
}

function chooser(ctx, day) {
  const go = (to) => h("a", { class: "button", href: `#/rooms/${to}` });
  const previous = go(addDays(day, -1));
  previous.append(t("rooms.previous"));
  const next = go(addDays(day, 1));
  next.append(t("rooms.next"));
  const today = go(dateValue(new Date()));
  today.append(t("rooms.today"));
  const input = h("input", { type: "date", id: newId("field"), value: day, onchange: () => input.value && ctx.go(`#/rooms/${input.value}`) });
  return h(
    "div", { class: "card" }, h("p", {}, h("strong", {}, formatDay(dayRange(day).from, language()))),
    h("div", { class: "field" }, h("label", { for: input.id }, t("rooms.date")), input),
    h("div", { class: "buttons" }, previous, today, next),
  );
}

function list({ rooms: all, taken }, day) {
  if (all.length === 0) {
    return empty(t("rooms.empty"));
  }
  return h("ul", { class: "list-rows" }, all.map((room) => h("li", {}, card(room, taken.filter((r) => r.room === room.id), day))));
}

function card(room, taken, day) {
  const seats = room.capacity > 0 && h("span", { class: "quiet" }, t("rooms.seats", { count: room.capacity }));
  return h(
    "article", { class: "card", "data-room": room.id },
    h("h2", {}, text(room.name), " ", seats), bar(taken, day),
    taken.length === 0 ? h("p", {}, h("span", { class: "badge free" }, t("rooms.free_all_day"))) : h("ul", { class: "plain" }, taken.map((r) => h("li", {}, line(r)))),
  );
}

function line(reservation) {
  const title = text(reservation.title) || t("rooms.taken");
  return [
    formatSpan(reservation.from, reservation.to, language()), " ", reservation.process ? h("a", { href: `#/process/${reservation.process}` }, title) : title,
    reservation.hold && h("span", { class: "badge due-soon" }, t("rooms.hold")),
  ];
}

/** bar draws the day; the list under it says the same in words. */
function bar(taken, day) {
  const { from, to } = dayRange(day);
  const length = to - from;
  const share = (value) => Math.min(1, Math.max(0, (moment(value) - from) / length)) * 100;
  const line = h("div", { class: "day", "aria-hidden": "true" });
  for (const reservation of taken) {
    const part = h("span", { class: reservation.hold ? "taken hold" : "taken" });
    part.style.left = `${share(reservation.from)}%`;
    part.style.width = `${share(reservation.to) - share(reservation.from)}%`;
    line.append(part);
  }
  return line;
}
