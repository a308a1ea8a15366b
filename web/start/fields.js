// One class per kind of form field. A field knows its part of the schema, draws itself, reads its value, and shows what
// the server says about it. makeField chooses the class.

import { h, newId, replace } from "./dom.js";
import { label, t, text } from "./i18n.js";
import { RoomField } from "./room-field.js";
import { fieldTitle, inOrder, optionTitle } from "./values.js";
import { localValue, withOffset } from "./time.js";

const longText = 200;

/** makeField makes the field for a schema. about: { name, required, value, form }. */
export function makeField(schema, about) {
  return new (kindOf(schema))(schema, about);
}

/** typeOf answers the type of a schema's values, without null. */
export function typeOf(schema) {
  const types = [schema.type ?? (schema.properties ? "object" : "string")].flat();
  return types.find((type) => type !== "null") ?? "string";
}

function kindOf(schema) {
  if (Array.isArray(schema.enum)) {
    return ChoiceField;
  }
  switch (typeOf(schema)) {
    case "object":
      return ObjectField;
    case "array":
      return ListField;
    case "boolean":
      return CheckField;
    case "integer":
    case "number":
      return NumberField;
    default:
      return kindOfText(schema);
  }
}

function kindOfText(schema) {
  if (schema["x-resource"] === "room") {
    return RoomChoiceField;
  }
  if (schema.format === "date-time") {
    return MomentField;
  }
  return TextField;
}

/** Field is what all fields have in common. A subclass gives control(), the element that holds the value, and read(). */
class Field {
  constructor(schema, { name, required = false, requiredFor, value, form }) {
    Object.assign(this, { schema, name, demanded: required, requiredFor, form, given: value });
    this.title = fieldTitle(name, schema);
    this.error = h("p", { class: "error", id: newId("error"), hidden: true });
    this.input = this.control();
    this.element = this.draw();
    this.element.addEventListener("input", () => this.error.hidden || this.show("")); // what it says is of an earlier value
  }

  /** required says whether the field must be filled in; that can depend on the outcome that was pressed. */
  get required() {
    return this.demanded && (this.requiredFor === undefined || this.form.owes(this.form.outcome));
  }

  draw() {
    const hint = this.schema.description && h("p", { class: "hint" }, this.schema.description);
    return h("div", { class: "field" }, h("label", { for: this.input.id }, this.caption()), hint, this.input, this.error);
  }

  caption() {
    return [this.title, this.demanded && h("span", { class: "required" }, ` ${this.demand()}`)];
  }

  demand() {
    if (this.requiredFor === undefined) {
      return t("form.required");
    }
    return t("form.required_for", { outcomes: this.requiredFor.map((outcome) => t("form.outcome", { outcome: label("outcome", outcome) })).join(t("app.or")) });
  }

  attributes(more) {
    return { id: newId("field"), name: this.name, "aria-describedby": this.error.id, "aria-required": this.demanded && this.requiredFor === undefined ? "true" : null, ...more };
  }

  /** check answers what the person must correct before it is worth asking the server, "" when nothing. */
  check() {
    return this.required && this.read() === undefined ? t("form.missing") : "";
  }

  /** faulty checks the field, shows what is wrong and answers the fields that are. */
  faulty() {
    const message = this.check();
    this.show(message);
    return message === "" ? [] : [this];
  }

  show(message) {
    this.error.textContent = message;
    this.error.hidden = message === "";
    this.input.setAttribute("aria-invalid", message === "" ? "false" : "true");
  }

  /** fail shows a message at the place that path names, and answers the field there; null when it has no such place. */
  fail(path, message) {
    this.show(message);
    return this;
  }

  focus() {
    this.input.focus();
  }
}

class TextField extends Field {
  control() {
    const { format, minLength, maxLength } = this.schema;
    const attributes = this.attributes({ value: this.given ?? "", maxlength: maxLength, minlength: minLength, autocomplete: "off" });
    if (this.schema["x-multiline"] || (maxLength > longText && !this.schema.pattern)) {
      return h("textarea", { ...attributes, rows: 3 });
    }
    const types = { date: "date", email: "email", uri: "url" };
    return h("input", { ...attributes, type: types[format] ?? "text" });
  }

  read() {
    const written = this.input.value.trim();
    return written === "" ? undefined : written;
  }

  check() {
    const size = [...(this.read() ?? "")].length;
    const { minLength, maxLength } = this.schema;
    if (size > 0 && size < minLength) {
      return t("form.min_length", { limit: minLength });
    }
    if (size > maxLength) {
      return t("form.max_length", { limit: maxLength });
    }
    return size > 0 && !this.fits() ? this.wanted() : super.check();
  }

  /** fits compares with the pattern; one that this browser cannot read is left to the server. */
  fits() {
    try {
      return new RegExp(this.schema.pattern ?? "", "u").test(this.read());
    } catch {
      return true;
    }
  }

  wanted() {
    return text(this.schema["x-pattern-title"]) || t("form.pattern");
  }

  /** The server names the pattern itself, which is no word for people. */
  fail(path, message, code) {
    return super.fail(path, code === "pattern" ? this.wanted() : message);
  }
}

class NumberField extends Field {
  control() {
    const whole = this.whole();
    return h("input", this.attributes({
      type: "number", inputmode: whole ? "numeric" : "decimal", step: whole ? "1" : "any", min: this.schema.minimum,
      max: this.schema.maximum, value: this.given ?? "", autocomplete: "off",
    }));
  }

  whole() {
    return typeOf(this.schema) === "integer";
  }

  read() {
    return this.input.value === "" ? undefined : Number(this.input.value);
  }

  check() {
    const number = this.read();
    const { minimum, maximum } = this.schema;
    if (this.input.validity.badInput) {
      return t("form.number");
    }
    if (number !== undefined && this.whole() && !Number.isInteger(number)) {
      return t("form.integer");
    }
    if (number < minimum) {
      return t("form.minimum", { limit: minimum });
    }
    return number > maximum ? t("form.maximum", { limit: maximum }) : super.check();
  }
}

class CheckField extends Field {
  control() {
    return h("input", this.attributes({ type: "checkbox", checked: this.given === true }));
  }

  draw() {
    return h("div", { class: "field" }, h("label", { class: "check", for: this.input.id }, this.input, this.title), this.error);
  }

  read() {
    return this.input.checked;
  }
}

class ChoiceField extends Field {
  control() {
    const { enum: options } = this.schema;
    const chosen = options.indexOf(this.given);
    const entry = (option, i) => h("option", { value: String(i) }, optionTitle(option, this.schema));
    const select = h("select", this.attributes(), h("option", { value: "" }, t("form.choose")), options.map(entry));
    select.value = chosen < 0 ? "" : String(chosen);
    return select;
  }

  read() {
    return this.input.value === "" ? undefined : this.schema.enum[Number(this.input.value)];
  }
}

class MomentField extends Field {
  control() {
    return h("input", this.attributes({ type: "datetime-local", value: localValue(this.given) }));
  }

  /** The house's offset on that day goes with the value, so that the server knows the moment. */
  read() {
    return withOffset(this.input.value) || undefined;
  }

  check() {
    return this.input.validity.badInput ? t("form.time") : super.check();
  }
}

class RoomChoiceField extends Field {
  control() {
    this.rooms = new RoomField({ name: newId("room"), chosen: this.given, form: this.form, describedBy: this.error.id });
    return this.rooms.element;
  }

  draw() {
    return h("fieldset", { class: "field" }, h("legend", {}, this.caption()), this.input, this.error);
  }

  read() {
    return this.rooms.chosen || undefined;
  }

  focus() {
    this.rooms.focus();
  }
}

class ObjectField extends Field {
  control() {
    const required = new Set(this.schema.required ?? []);
    const requiredFor = this.schema["x-required-for"];
    this.fields = new Map(inOrder(this.schema).map((name) => {
      const part = this.schema.properties[name];
      const value = this.given?.[name] ?? part.default;
      return [name, makeField(part, { name, required: required.has(name), requiredFor, value, form: this.form })];
    }));
    return h("div", { class: "fields", tabindex: "-1" }, [...this.fields.values()].map((field) => field.element));
  }

  draw() {
    return this.name ? h("fieldset", { class: "field" }, h("legend", {}, this.caption()), this.input, this.error) : h("div", {}, this.input, this.error);
  }

  read() {
    const values = {};
    for (const [name, field] of this.fields) {
      const value = field.read();
      if (value !== undefined) {
        values[name] = value;
      }
    }
    return Object.keys(values).length > 0 || this.required ? values : undefined;
  }

  faulty() {
    this.show("");
    if (!this.required && this.read() === undefined) {
      return []; // left out as a whole: nothing within it is owed
    }
    return [...this.fields.values()].flatMap((field) => field.faulty());
  }

  fail([name, ...rest], message, code) {
    if (name === undefined) {
      return super.fail([], message);
    }
    return this.fields.get(name)?.fail(rest, message, code) ?? null;
  }
}

class ListField extends Field {
  control() {
    this.rows = [];
    this.list = h("div", { class: "rows" });
    const add = h("button", { type: "button", class: "small", onclick: () => this.add(undefined, true) }, t("form.add"));
    for (const value of this.given ?? []) {
      this.add(value);
    }
    while (this.rows.length < (this.schema.minItems ?? 0)) {
      this.add();
    }
    return h("div", { class: "list", tabindex: "-1" }, this.list, add);
  }

  draw() {
    return h("fieldset", { class: "field" }, h("legend", {}, this.caption()), this.input, this.error);
  }

  add(value, focus = false) {
    if (this.rows.length < (this.schema.maxItems ?? Infinity)) {
      this.rows.push(this.row(value));
      this.redraw();
      if (focus) {
        this.rows.at(-1).focus();
      }
    }
  }

  row(value) {
    const schema = { ...(this.schema.items ?? { type: "string" }) };
    schema["x-title"] ??= { zh: this.title, en: this.title };
    return makeField(schema, { name: `${this.name}-row`, value, form: this.form });
  }

  remove(row) {
    this.rows = this.rows.filter((other) => other !== row);
    this.redraw();
    this.input.focus();
    this.form.changed();
  }

  redraw() {
    const drop = (row, i) => h("button", { type: "button", class: "small", onclick: () => this.remove(row) }, t("form.remove", { number: i + 1 }));
    replace(this.list, this.rows.map((row, i) => h("div", { class: "row" }, row.element, drop(row, i))));
  }

  /** Rows left empty are not sent; `sent` remembers which row became which element, for what the server says of them. */
  read() {
    this.sent = this.rows.filter((row) => row.read() !== undefined);
    const values = this.sent.map((row) => row.read());
    return values.length > 0 || this.required ? values : undefined;
  }

  check() {
    const limit = this.schema.minItems ?? 0;
    const count = (this.read() ?? []).length;
    return count < limit && (this.required || count > 0) ? t("form.min_items", { limit }) : "";
  }

  faulty() {
    const own = super.faulty();
    return [...own, ...this.rows.filter((row) => row.read() !== undefined).flatMap((row) => row.faulty())];
  }

  fail([index, ...rest], message, code) {
    const row = this.sent?.[Number(index)];
    return index === undefined || row === undefined ? super.fail([], message) : row.fail(rest, message, code);
  }
}
