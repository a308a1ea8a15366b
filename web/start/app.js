// The frame of the page: which view is shown, who is signed in, the language, and when views look for news.

import { api, onSignedOut, Problem } from "./api.js";
import { h, replace } from "./dom.js";
import { applyLanguage, language, setLanguage, t, text } from "./i18n.js";
import { answers } from "./pending.js";
import { foreignZone, setZone } from "./time.js";
import { loading, notice, noticeMoved, problemBox, tickBadges } from "./ui.js";
import { roomsById } from "./values.js";
import { inbox } from "./views/inbox.js";
import { notifications } from "./views/notifications.js";
import { process } from "./views/process.js";
import { processes } from "./views/processes.js";
import { rooms } from "./views/rooms.js";
import { signIn } from "./views/signin.js";
import { start, startForm } from "./views/start.js";
import { task } from "./views/task.js";

const pollEvery = 5000;
const unreadEvery = 3; // polls
const unreadLimit = 20;
const badgesEvery = 30_000;
const home = "#/inbox/mine";
const signedInMark = "steward.signed-in";

// Routes are tried in order; what a pattern captures becomes the view's parameters.
const routes = [
  { pattern: /^#\/sign-in$/, view: signIn, open: true },
  { pattern: /^#\/inbox\/(mine|claimable|overdue|done)$/, view: inbox, nav: "inbox" },
  { pattern: /^#\/task\/([\w-]+)$/, view: task, nav: "inbox" },
  { pattern: /^#\/start$/, view: start, nav: "start" },
  { pattern: /^#\/start\/(\w+)$/, view: startForm, nav: "start" },
  { pattern: /^#\/processes\/(open|mine|all)$/, view: processes, nav: "processes" },
  { pattern: /^#\/process\/([\w-]+)$/, view: process, nav: "processes" },
  { pattern: /^#\/rooms(?:\/(\d{4}-\d{2}-\d{2}))?$/, view: rooms, nav: "rooms" },
  { pattern: /^#\/notifications$/, view: notifications, nav: "notifications" },
];

const navigation = [
  ["inbox", home, () => t("nav.inbox")],
  ["start", "#/start", () => t("nav.start")],
  ["processes", "#/processes/open", () => t("nav.processes")],
  ["rooms", "#/rooms", () => t("nav.rooms")],
  ["notifications", "#/notifications", () => t("nav.notifications")],
];

const state = { me: null, unread: 0, wanted: home, shown: null, polls: 0, polling: false };

// Views ---------------------------------------------------------------------------------------------------------------

/** Context is what a view gets: its parameters, the person, and the means to draw, to go elsewhere and to look for news. */
class Context {
  constructor(root, address, params, me) {
    Object.assign(this, { root, address, params, me, refresh: null });
  }

  /** alive says whether the view is still the one on the page. */
  get alive() {
    return state.shown === this;
  }

  /** show draws the view, unless the person has gone elsewhere meanwhile. */
  show(title, ...children) {
    if (!this.alive) {
      return;
    }
    document.title = `${title} · ${t("app.name")}`;
    const heading = h("h1", { tabindex: "-1" }, title);
    const zone = state.me && foreignZone();
    replace(this.root, heading, zone && h("p", { class: "quiet", "data-zone": zone }, t("app.zone", { zone })), children);
    this.root.dataset.shown = this.address; // tells tests what is on the page, not only what was asked for
    if (!this.drawn && state.moved) {
      heading.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    this.drawn = true;
  }

  /** every sets what looks for news every few seconds while the page can be seen. */
  every(refresh) {
    this.refresh = refresh;
  }

  /** go shows another page. */
  go(route) {
    location.hash = route;
  }

  /** again draws the view anew. */
  again() {
    return open();
  }

  /** rooms answers the house's rooms by id; none when they cannot be read, for they are only names here. */
  async rooms() {
    try {
      state.rooms ??= roomsById(await api.rooms());
      return state.rooms;
    } catch {
      return new Map();
    }
  }

  /** signedIn takes note of the person and shows what was wanted before. */
  async signedIn() {
    mark(true);
    await loadMe();
    location.hash = state.wanted;
    state.wanted = home;
  }
}

async function open() {
  const address = location.hash || home;
  const { route, params } = find(address);
  if (route !== undefined && !route.open && state.me === null) {
    state.wanted = address;
    location.replace("#/sign-in");
    return;
  }
  const root = document.getElementById("view");
  const context = new Context(root, address, params, state.me);
  state.shown = context;
  drawTop(route?.nav);
  await run(route, context);
  state.moved = true;
}

function find(hash) {
  for (const route of routes) {
    const match = route.pattern.exec(hash);
    if (match !== null) {
      return { route, params: match.slice(1) };
    }
  }
  return { params: [] };
}

async function run(route, context) {
  if (route === undefined) {
    context.show(t("app.not_found"), h("p", {}, h("a", { href: home, class: "button" }, t("app.home"))));
    return;
  }
  const slow = setTimeout(() => context.alive && replace(context.root, loading()), 150);
  try {
    await route.view(context);
  } catch (problem) {
    failed(problem, context);
  } finally {
    clearTimeout(slow);
  }
}

function failed(problem, context) {
  if (problem.kind === undefined) {
    console.error(problem);
  }
  if (problem.status !== 401) {
    context.show(problem.title || t("app.name"), problemBox(withoutTitle(problem), { retry: () => open() }), h("p", {}, h("a", { href: home, class: "button" }, t("app.home"))));
  }
}

/** withoutTitle leaves out what the heading says already, when there is more to say. */
function withoutTitle(problem) {
  return problem.detail && !problem.fields?.length ? new Problem(problem.kind, { ...problem, title: "" }) : problem;
}

// The person ----------------------------------------------------------------------------------------------------------

// The server tells who is signed in. The mark only spares people who are not a request that must fail.
function mark(signedIn) {
  try {
    if (signedIn) {
      localStorage.setItem(signedInMark, "1");
    } else {
      localStorage.removeItem(signedInMark);
    }
  } catch {
    // Without storage every visit begins with the sign-in page.
  }
}

function marked() {
  try {
    return localStorage.getItem(signedInMark) !== null;
  } catch {
    return false;
  }
}

async function loadMe() {
  state.me = await api.me();
  setZone(state.me.timeZone);
  answers.resume(state.me.id, (task) => { location.hash = `#/task/${task}`; });
  await countUnread();
}

async function leave() {
  try {
    await api.signOut();
  } catch (problem) {
    if (problem.status !== 401) {
      notice(problem.message);
      return;
    }
  }
  forget();
  sessionStorage.clear(); // what one person wrote is not for the next one at this screen
  state.wanted = home;
  location.hash = "#/sign-in";
}

function forget() {
  Object.assign(state, { me: null, unread: 0, rooms: undefined });
  answers.stop();
  mark(false);
}

function expired() {
  if (state.me === null) {
    mark(false);
    return;
  }
  forget();
  notice(t("signin.expired"));
  open();
}

async function changeLanguage() {
  const chosen = language() === "zh" ? "en" : "zh";
  setLanguage(chosen);
  answers.redraw();
  open();
  if (state.me !== null) {
    await api.setLocale(chosen).catch(() => {}); // this browser has it; messages elsewhere follow the next time
  }
}

// The frame -----------------------------------------------------------------------------------------------------------

function drawTop(current) {
  const person = state.me && h("span", { class: "person" }, text(state.me.name));
  const out = state.me && h("button", { type: "button", class: "plain-button", onclick: leave }, t("signin.out"));
  const other = language() === "zh" ? "en" : "zh-CN";
  const languageButton = h("button", { type: "button", class: "plain-button", lang: other, onclick: changeLanguage }, t("app.language"));
  replace(
    document.getElementById("top"),
    h("a", { class: "skip", href: "#view", onclick: skip }, t("app.skip")),
    h("a", { class: "brand", href: home }, t("app.name")),
    state.me && h("nav", { class: "main", "aria-label": t("app.menu") }, navigation.map((entry) => navLink(entry, current))),
    h("div", { class: "tools" }, person, languageButton, out),
  );
}

function navLink([key, href, words], current) {
  const unread = key === "notifications" && state.unread > 0;
  const many = state.unread >= unreadLimit ? `${unreadLimit}+` : state.unread;
  const count = unread && h("span", { class: "count" }, h("span", { "aria-hidden": "true" }, many), h("span", { class: "only-read" }, t("nav.unread", { count: many })));
  return h("a", { href, "aria-current": key === current ? "page" : null }, words(), count);
}

function skip(event) {
  event.preventDefault();
  document.getElementById("view").focus();
}

async function countUnread() {
  const page = await api.notifications({ unread: true, limit: unreadLimit });
  if (page.items.length !== state.unread) {
    state.unread = page.items.length;
    drawCount();
  }
}

function drawCount() {
  const old = document.querySelector("nav.main a[href='#/notifications']");
  if (old !== null && old !== document.activeElement) {
    old.replaceWith(navLink(navigation.at(-1), old.hasAttribute("aria-current") ? "notifications" : ""));
  }
}

// News ----------------------------------------------------------------------------------------------------------------

async function poll() {
  if (document.visibilityState !== "visible" || state.me === null || state.polling) {
    return;
  }
  state.polling = true;
  const context = state.shown;
  try {
    await context.refresh?.();
    state.polls += 1;
    if (state.polls % unreadEvery === 0) {
      await countUnread();
    }
    banner("");
  } catch (problem) {
    banner(problem.retryable ? t("problem.offline") : "");
  } finally {
    state.polling = false;
  }
}

function banner(message) {
  const place = document.getElementById("banner");
  if (place.textContent !== message) {
    replace(place, message && h("p", {}, message));
  }
}

function moved() {
  noticeMoved();
  answers.moved();
  return open();
}

async function boot() {
  applyLanguage();
  onSignedOut(expired);
  window.addEventListener("hashchange", moved);
  window.addEventListener("offline", () => banner(t("problem.offline")));
  window.addEventListener("online", poll);
  document.addEventListener("visibilitychange", poll);
  setInterval(poll, pollEvery);
  setInterval(tickBadges, badgesEvery);
  await restore();
  await open();
}

/** restore finds out who is signed in, and keeps trying for as long as the server cannot be reached. */
async function restore() {
  if (!marked()) {
    return;
  }
  try {
    await loadMe();
  } catch (problem) {
    if (problem.status !== 401) {
      await new Promise((again) => {
        replace(document.getElementById("view"), h("h1", {}, t("app.name")), problemBox(problem, { retry: again }));
      });
      await restore();
    }
  }
}

boot();
