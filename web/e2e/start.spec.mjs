// Starts and approves a meeting in a real browser against a running server, in both languages, on a desk and on a phone.
//
//   BASE_URL=http://127.0.0.1:8080 node start.spec.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { approver, base, chooseLanguage, definition, launch, screens, starter, Visit, words } from "./visit.mjs";

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

async function refusesAnEmptyForm(visit) {
  await visit.page.locator('#view button[type="submit"]').click();
  await visit.page.getByText(words[visit.lang].empty).first().waitFor();
  const focused = await visit.page.evaluate(() => document.activeElement.getAttribute("aria-invalid"));
  assert.equal(focused, "true", "the first faulty field has the focus");
}

async function fill(visit, title, times) {
  const { page } = visit;
  await page.locator('[name="title"]').fill(title);
  await page.locator('[name="headcount"], [name="attendees"]').fill("10");
  await page.locator('[name="start"]').fill(times.start);
  await page.locator('[name="end"]').fill(times.end);
  const free = page.locator("label.option", { has: page.locator(".badge.free") }).first();
  await free.locator("input").check();
}

async function showsTheServersFieldError(visit, times) {
  const { page } = visit;
  visit.expected.push("status of 422");
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
  await visit.decided();
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
