// Drives the start page in a real browser against a running server, in both languages, on a desk and on a phone.
//
//   BASE_URL=http://127.0.0.1:8080 node start.spec.mjs
//
// The server must have its demo people and the shipped definitions. Environment: BASE_URL (needed), CHROMIUM, STARTER,
// APPROVER, DEMO_PASSWORD, DEFINITION; the defaults are those of the demo house. Screenshots go to shots/.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const base = process.env.BASE_URL;
assert.ok(base, "set BASE_URL to the address of a running server, for example http://127.0.0.1:8080");

const starter = process.env.STARTER ?? "aming";
const approver = process.env.APPROVER ?? "afang";
const password = process.env.DEMO_PASSWORD ?? "steward-demo";
const definition = process.env.DEFINITION ?? "meeting_service";
const patience = 15_000;
const shots = fileURLToPath(new URL("shots/", import.meta.url));
mkdirSync(shots, { recursive: true });

const launch = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
};

const words = {
  zh: { lang: "zh-CN", tasks: "任务", remaining: /剩余|逾期/, day: /\d+月\d+日 周. \d\d:\d\d/, empty: "请填写此项。" },
  en: { lang: "en", tasks: "Tasks", remaining: /left|overdue/, day: /\w{3}, \w{3} \d+/, empty: "Fill this in." },
};

const screens = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

/** Visit is one person's use of the page, with everything that must not happen while it lasts. */
class Visit {
  constructor(page, lang, screen) {
    Object.assign(this, { page, lang, screen, errors: [], expected: [], shot: 0 });
    page.setDefaultTimeout(patience);
    page.on("pageerror", (error) => this.errors.push(`page error: ${error.message}`));
    page.on("console", (message) => this.heard(message));
  }

  static async begin(browser, lang, screen) {
    const context = await browser.newContext({ ...screens[screen], locale: "zh-CN", timezoneId: "Asia/Shanghai" });
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`));
    });
    return new Visit(await context.newPage(), lang, screen);
  }

  // A browser reports every answer from 400 on as an error; those that a step asks for are named by it.
  heard(message) {
    if (message.type() === "error" && !this.expected.some((status) => message.text().includes(`status of ${status}`))) {
      this.errors.push(`${message.text()} ${message.location().url}`);
    }
  }

  async heading() {
    return (await this.page.locator("#view h1").textContent()).trim();
  }

  /** at waits until a page is not only asked for but drawn. */
  async at(hash) {
    await this.page.waitForFunction(
      ([source]) => new RegExp(source).test(document.getElementById("view").dataset.shown ?? ""), [hash.source],
    );
  }

  /** sound checks what holds on every page, and keeps a picture of it. */
  async sound(name) {
    const page = this.page;
    this.shot += 1;
    await page.screenshot({ path: `${shots}${this.lang}-${this.screen}-${String(this.shot).padStart(2, "0")}-${name}.png`, fullPage: true });
    assert.deepEqual(this.errors, [], `errors on ${name}`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0, `${name} is wider than the screen`);
    assert.equal(await page.getAttribute("html", "lang"), words[this.lang].lang);
    assert.deepEqual(await page.evaluate(unnamed), [], `fields without a label on ${name}`);
    if (this.screen === "phone") {
      assert.deepEqual(await page.evaluate(small), [], `targets below 44 px on ${name}`);
    }
  }

  async signIn(user) {
    await this.at(/^#\/sign-in$/);
    const button = this.page.locator(`[data-user="${user}"]`);
    if ((await button.count()) > 0) {
      await button.click();
    } else {
      await this.page.locator('input[name="user"]').fill(user);
      await this.page.locator('input[name="password"]').fill(password);
      await this.page.locator('button[type="submit"]').click();
    }
    await this.at(/^#\/(?!sign-in)/);
  }

  async signOut() {
    await this.page.locator(".tools button").last().click();
    await this.at(/^#\/sign-in$/);
  }

  async go(hash) {
    await this.page.evaluate((to) => { location.hash = to; }, hash);
    await this.at(new RegExp(`^${hash.replaceAll("/", "\\/")}$`));
  }
}

/** unnamed answers the controls that a screen reader could not name. Runs in the page. */
function unnamed() {
  return [...document.querySelectorAll("input, select, textarea")].filter((c) => c.labels.length === 0 || c.labels[0].textContent.trim() === "").map((c) => c.outerHTML);
}

/** small answers what is too small for a finger. Runs in the page. */
function small() {
  const targets = [...document.querySelectorAll("button, summary, .button, nav a, a.row-link, label.option, label.check")];
  const seen = targets.filter((target) => target.getClientRects().length > 0 && !target.closest("[hidden]"));
  return seen.filter((target) => target.getBoundingClientRect().height < 43.9).map((target) => target.outerHTML);
}

function local(date) {
  const two = (n) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** someDay answers a time that hardly anybody else has asked for, so that the test can be run again on the same data. */
function someDay() {
  const day = new Date();
  day.setDate(day.getDate() + 3 + Math.floor(Math.random() * 30));
  day.setHours(7 + Math.floor(Math.random() * 12), Math.floor(Math.random() * 4) * 10, 0, 0);
  return { start: local(day), end: local(new Date(day.getTime() + 20 * 60_000)), before: local(new Date(day.getTime() - 60 * 60_000)), day: local(day).slice(0, 10) };
}

async function chooseLanguage(visit) {
  if (visit.lang === "en") {
    await visit.page.locator(".tools button").first().click();
  }
  await visit.page.waitForFunction((lang) => document.documentElement.lang === lang, words[visit.lang].lang);
}

async function refusesAnEmptyForm(visit) {
  await visit.page.locator('#view button[type="submit"]').click();
  await visit.page.getByText(words[visit.lang].empty).first().waitFor();
  const focused = await visit.page.evaluate(() => document.activeElement.getAttribute("aria-invalid"));
  assert.equal(focused, "true", "the first faulty field has the focus");
}

async function fill(visit, title, times) {
  const { page } = visit;
  await page.locator('[name="title"]').fill(title);
  await page.locator('[name="attendees"]').fill("10");
  await page.locator('[name="start"]').fill(times.start);
  await page.locator('[name="end"]').fill(times.end);
  const free = page.locator("label.option", { has: page.locator(".badge.free") }).first();
  await free.locator("input").check();
}

async function showsTheServersFieldError(visit, times) {
  const { page } = visit;
  visit.expected.push(422);
  await page.locator('[name="end"]').fill(times.before);
  await page.locator('#view button[type="submit"]').click();
  await page.locator('[name="end"][aria-invalid="true"]').waitFor();
  await visit.sound("start-refused");
  await page.locator('[name="end"]').fill(times.end);
}

async function startsAMeeting(visit, title, times) {
  const { page } = visit;
  await page.locator('nav.main a[href="#/start"]').click();
  await visit.at(/^#\/start$/);
  await visit.sound("start");
  await page.locator(`a[href="#/start/${definition}"]`).click();
  await visit.at(/^#\/start\//);
  await refusesAnEmptyForm(visit);
  await fill(visit, title, times);
  await showsTheServersFieldError(visit, times);
  await visit.sound("start-form");
  await page.locator('#view button[type="submit"]').dblclick();
  await visit.at(/^#\/process\//);
  await page.getByText(title).first().waitFor();
  await page.locator(".timeline > li").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1", "a new page has the focus on its heading");
  await visit.sound("process-started");
  return new URL(page.url()).hash;
}

async function approves(visit, title) {
  const { page } = visit;
  const row = page.locator("a.row-link", { hasText: title });
  if ((await row.count()) === 0) {
    await visit.go("#/inbox/claimable");
  }
  await row.first().click();
  await visit.at(/^#\/task\//);
  await page.getByText(words[visit.lang].remaining).first().waitFor();
  await page.getByText(words[visit.lang].day).first().waitFor();
  await visit.sound("task");
  await page.locator('[data-outcome="approved"]').dblclick();
  await visit.at(/^#\/inbox\/mine$/);
  await row.waitFor({ state: "detached" });
  await visit.go("#/inbox/done");
  await row.first().waitFor();
  await visit.sound("inbox-done");
}

async function seesTheTimeline(visit, process, title) {
  const { page } = visit;
  await visit.go(process);
  await page.getByText(title).first().waitFor();
  await page.locator(".timeline > li").nth(1).waitFor();
  assert.ok((await page.locator(".step-done").count()) > 0, "a step is done");
  await visit.sound("process");
}

async function looksAround(visit, times, title) {
  const { page } = visit;
  await visit.go(`#/rooms/${times.day}`);
  await page.getByText(title).first().waitFor();
  await visit.sound("rooms");
  await visit.go("#/notifications");
  await visit.sound("notifications");
  await visit.go("#/processes/open");
  await page.locator("a.row-link", { hasText: title }).first().waitFor();
  await visit.sound("processes");
  await visit.go("#/inbox/overdue");
  await visit.sound("inbox-overdue");
}

async function fitsTheSmallestPhone(visit, process) {
  await visit.page.setViewportSize({ width: 360, height: 740 });
  await visit.page.emulateMedia({ colorScheme: "dark" });
  for (const hash of ["#/inbox/mine", "#/start", `#/start/${definition}`, "#/rooms", process]) {
    await visit.go(hash);
    await visit.sound("smallest-dark");
  }
}

for (const lang of Object.keys(words)) {
  for (const screen of Object.keys(screens)) {
    test(`a meeting is started and approved: ${lang}, ${screen}`, { timeout: 180_000 }, async () => {
      const browser = await chromium.launch(launch);
      try {
        const visit = await Visit.begin(browser, lang, screen);
        const times = someDay();
        const title = `E2E ${lang} ${screen} ${Date.now()}`;
        await visit.page.goto(base);
        await visit.at(/^#\/sign-in$/);
        await chooseLanguage(visit);
        await visit.sound("sign-in");
        await visit.signIn(starter);
        assert.equal(await visit.heading(), words[lang].tasks);
        await visit.sound("inbox");
        const process = await startsAMeeting(visit, title, times);
        await visit.signOut();
        await visit.signIn(approver);
        await approves(visit, title);
        await seesTheTimeline(visit, process, title);
        await looksAround(visit, times, title);
        await visit.page.reload();
        assert.equal(await visit.page.getAttribute("html", "lang"), words[lang].lang, "the language is kept");
        if (screen === "phone") {
          await fitsTheSmallestPhone(visit, process);
        }
        assert.deepEqual(visit.errors, []);
      } finally {
        await browser.close();
      }
    });
  }
}
