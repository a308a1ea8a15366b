// Draws a form from a JSON Schema, reads it, and keeps what was written until it has been sent.

import { makeField } from "./fields.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { moment } from "./time.js";
import { inOrder } from "./values.js";

const beginnings = ["start", "from", "begin", "starts_at"];
const ends = ["end", "to", "until", "ends_at"];

/** Form is a drawn schema. Put `element` on the page; after it was sent call forget(). */
export class Form {
  /**
   * values are what the fields begin with; draft is the name under which unsent content is kept; prefixes are what the
   * server puts before the names of this form's fields, such as "input.".
   */
  constructor(schema, { values = {}, draft, prefixes = [] } = {}) {
    Object.assign(this, { schema: schema ?? { type: "object", properties: {} }, values, draft, prefixes, listeners: [] });
    const kept = drafts.read(draft);
    this.restored = kept !== null;
    this.root = makeField({ ...this.schema, type: "object" }, { name: "", required: true, value: { ...values, ...kept }, form: this });
    this.element = h("div", { class: "form", oninput: () => this.changed(), onchange: () => this.changed() },
      this.restored && h("p", { class: "hint" }, t("form.draft")), this.root.element);
    this.tell();
  }

  /** onChange calls the listener whenever something was written. */
  onChange(listener) {
    this.listeners.push(listener);
  }

  changed() {
    drafts.write(this.draft, this.root.read());
    this.tell();
  }

  tell() {
    this.listeners.forEach((listener) => listener());
  }

  /** isEmpty says whether the form asks for nothing. */
  get isEmpty() {
    return this.root.fields.size === 0;
  }

  /** times answers the two moments that the form is about, as Dates; null for what is not known. */
  times() {
    return { from: this.time(beginnings, 0), to: this.time(ends, 1) };
  }

  time(usual, place) {
    const moments = inOrder(this.schema).filter((name) => this.schema.properties[name].format === "date-time");
    const name = usual.find((candidate) => moments.includes(candidate)) ?? moments[place];
    return moment(this.root?.fields.get(name)?.read());
  }

  /** read answers the values, or null after showing what must be corrected first. What is required may depend on the outcome. */
  read(outcome) {
    this.outcome = outcome;
    const faulty = this.root.faulty();
    if (faulty.length > 0) {
      faulty[0].focus();
      return null;
    }
    return this.root.read();
  }

  /** owes says whether the required fields are demanded with an outcome. */
  owes(outcome) {
    const only = this.schema["x-required-for"];
    return only === undefined || outcome === undefined || only.includes(outcome);
  }

  /** untouched says whether the form holds nothing but what it began with. */
  get untouched() {
    const first = (name) => this.values[name] ?? this.schema.properties[name].default ?? false; // a box that is not ticked says nothing
    return Object.entries(this.root.read()).every(([name, value]) => JSON.stringify(value) === JSON.stringify(first(name)));
  }

  /** showProblem shows the server's words at their fields and answers those that belong to no field here. */
  showProblem({ fields = [] }) {
    this.root.faulty();
    const placed = fields.map((f) => this.root.fail(this.pathOf(f.field), f.message, f.code));
    placed.find((field) => field !== null)?.focus();
    return fields.filter((_, i) => placed[i] === null);
  }

  pathOf(field) {
    const prefix = this.prefixes.find((p) => field.startsWith(p)) ?? "";
    return field.slice(prefix.length).replaceAll(/\[(\d+)\]/g, ".$1").split(".").filter(Boolean);
  }

  /** forget drops the draft: what was written has been sent. */
  forget() {
    drafts.drop(this.draft);
  }
}

/** drafts keeps unsent content for as long as the browser's tab lives. */
export const drafts = {
  read(name) {
    try {
      return name ? JSON.parse(sessionStorage.getItem(`steward.draft ${name}`)) : null;
    } catch {
      return null;
    }
  },
  write(name, values) {
    try {
      if (name) {
        sessionStorage.setItem(`steward.draft ${name}`, JSON.stringify(values ?? {}));
      }
    } catch {
      // Without storage there is no draft; the form itself still holds what was written.
    }
  },
  drop(name) {
    try {
      sessionStorage.removeItem(`steward.draft ${name}`);
    } catch {
      // As above.
    }
  },
};
