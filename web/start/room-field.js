// Chooses a room, and shows which rooms are free at the times that the same form asks for.

import { api } from "./api.js";
import { h, newId, replace } from "./dom.js";
import { language, t, text } from "./i18n.js";
import { dateValue, dayRange, formatSpan, moment } from "./time.js";
import { empty, loading, problemBox } from "./ui.js";

/** RoomField is the picker. form gives times() and onChange(listener). */
export class RoomField {
  constructor({ name, chosen, form, describedBy }) {
    Object.assign(this, { name, form, describedBy, chosen: chosen ?? "", rooms: [], busy: new Map(), day: "" });
    this.element = h("div", { class: "rooms-pick", role: "radiogroup", tabindex: "-1" }, loading());
    this.form.onChange(() => this.update());
    this.load();
  }

  async load() {
    try {
      this.rooms = (await api.rooms()).items;
      this.draw();
      await this.update();
    } catch (problem) {
      replace(this.element, problemBox(problem, { retry: () => this.load() }));
    }
  }

  /** update asks again only when the day has changed: what is taken on a day answers for every hour of it. */
  async update() {
    const { from } = this.form.times();
    const day = from === null ? "" : dateValue(from);
    if (day !== this.day && this.rooms.length > 0) {
      this.day = day;
      await this.ask(day);
    }
    this.mark();
  }

  async ask(day) {
    this.busy = new Map();
    const range = dayRange(day);
    if (range === null) {
      return;
    }
    try {
      const answer = await api.freeBusy(range.from.toISOString(), range.to.toISOString());
      if (this.day === day) {
        this.busy = new Map(answer.rooms.map((entry) => [entry.room.id, entry.busy ?? []]));
      }
    } catch {
      this.day = ""; // free or not stays unsaid; the server decides when it is sent
    }
  }

  draw() {
    this.marks = new Map();
    replace(this.element, this.rooms.length === 0 ? empty(t("rooms.empty")) : this.rooms.map((room) => this.option(room)));
  }

  option(room) {
    const input = h("input", {
      type: "radio", id: newId("option"), name: this.name, value: room.id, checked: room.id === this.chosen, "aria-describedby": this.describedBy,
      onchange: () => { this.chosen = room.id; },
    });
    const state = h("span", { class: "quiet" });
    this.marks.set(room.id, state);
    const seats = room.capacity > 0 && h("span", { class: "quiet" }, t("rooms.seats", { count: room.capacity }));
    return h("label", { class: "option", for: input.id }, input, h("span", { class: "grow" }, text(room.name), " ", seats), state);
  }

  mark() {
    const times = this.form.times();
    for (const [id, place] of this.marks ?? []) {
      replace(place, this.stateOf(this.busy.get(id), times));
    }
  }

  stateOf(busy, { from, to }) {
    if (busy === undefined) {
      return from === null ? t("rooms.choose_time") : "";
    }
    const end = to ?? from;
    const taken = busy.find((span) => moment(span.from) < end && moment(span.to) > from);
    if (taken !== undefined) {
      return h("span", { class: "badge due-late" }, t("rooms.busy_at", { span: formatSpan(taken.from, taken.to, language()) }));
    }
    return h("span", { class: "badge free" }, t("rooms.free"));
  }

  focus() {
    (this.element.querySelector("input") ?? this.element).focus();
  }
}
