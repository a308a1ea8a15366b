// The language of the page. Chinese is the first; the choice is kept in this browser.

import { messages } from "./messages.js";

const storageKey = "steward.language";
const languages = ["zh", "en"];
const tags = { zh: "zh-CN", en: "en" };

let current = remembered();

function remembered() {
  try {
    const kept = globalThis.localStorage?.getItem(storageKey);
    return languages.includes(kept) ? kept : "zh";
  } catch {
    return "zh"; // a browser that forbids storage still gets a page
  }
}

/** language answers "zh" or "en". */
export function language() {
  return current;
}

/** setLanguage changes the language of everything drawn from now on, and remembers it. */
export function setLanguage(chosen) {
  current = languages.includes(chosen) ? chosen : "zh";
  try {
    globalThis.localStorage?.setItem(storageKey, current);
  } catch {
    // The choice then lasts as long as the page.
  }
  applyLanguage();
}

/** applyLanguage tells the browser and screen readers the language of the page. */
export function applyLanguage() {
  document.documentElement.lang = tags[current];
}

/** t answers a message, its {places} filled from values. An unknown key is shown as it is: a test finds it first. */
export function t(key, values = {}) {
  const pair = messages[key];
  if (pair === undefined) {
    return key;
  }
  const text = pair[current === "en" ? 1 : 0];
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** label answers the words for a name that a definition made, such as an outcome or a field; without any, the name itself. */
export function label(group, name) {
  const key = `${group}.${name}`;
  return key in messages ? t(key) : String(name ?? "").replaceAll("_", " ");
}

/** text picks the page's language from a bilingual name, or the other language when that one is missing. */
export function text(pair) {
  if (pair === null || pair === undefined) {
    return "";
  }
  if (typeof pair === "string") {
    return pair;
  }
  return (current === "en" ? pair.en || pair.zh : pair.zh || pair.en) || "";
}

/** nameOf answers the words for a step, a task or an event. One that its definition did not name comes under its id. */
export function nameOf(pair, id) {
  const words = text(pair);
  return words === "" || words === id ? label("name", id) : words;
}
