// What people read: words instead of code, who did what, what was skipped, and why something is asked for.
//
//   BASE_URL=http://127.0.0.1:8080 node words.spec.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { approver, base, chooseLanguage, launch, starter, Visit } from "./visit.mjs";

const code = /^[a-z]+(_[a-z]+)*$|\b[a-z]+_[a-z_]+\b|\d{4}-\d\d-\d\dT\d\d/;
const zh = { system: "由 系统", skipped: "已跳过", taken: /没有订上：.*已被“.*”占用/, small: "“核对座位数”：座位不足", seats: "该会议室座位数", undone: "已撤销" };
const en = { system: "by The system", skipped: "skipped", taken: /could not be booked: “.*” has it/, small: "“Check the seats”: Too few seats", seats: "Seats of this room", undone: "Undone" };
const said = { zh, en };

/** codes answers the texts on the page that are code: in Chinese any lone Latin word in lower case, else names with underscores and instants. */
async function codes(visit) {
  const texts = await visit.page.evaluate(() => {
    const walker = document.createTreeWalker(document.getElementById("view"), NodeFilter.SHOW_TEXT);
    const list = [];
    while (walker.nextNode()) {
      list.push(walker.currentNode.textContent.trim());
    }
    return list.filter(Boolean);
  });
  assert.ok(texts.length > 5, "there is something to read");
  return texts.filter((words) => (visit.lang === "zh" ? code.test(words) : /\b[a-z]+_[a-z_]+\b|\d{4}-\d\d-\d\dT\d\d/.test(words)));
}

async function readable(visit, name) {
  await visit.page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
  assert.deepEqual(await codes(visit), [], `code on ${name}`);
  await visit.sound(name);
}

/** booked starts a room booking through the page and answers its address. */
async function booked(visit, asked) {
  const { page } = visit;
  await visit.go("#/start/room_booking");
  const names = await page.locator(".form [name]:not([type=radio])").evaluateAll((fields) => fields.map((f) => f.name));
  assert.deepEqual(names.slice(0, 5), ["title", "start", "end", "headcount", "department"], "fields stand in the definition's order");
  assert.equal(await page.locator('[name="confidentiality"] option:checked').textContent(), visit.lang === "zh" ? "普通" : "Ordinary", "the default is shown");
  await page.locator('[name="department"]').fill("营销部");
  await page.locator('[name="purpose"]').fill("季度计划");
  return started(visit, asked);
}

/** started fills in what every meeting needs, sends the form and answers the process's address. */
async function started(visit, { title, room, headcount, start, end }) {
  const { page } = visit;
  await page.locator('[name="title"]').fill(title);
  await page.locator('[name="start"]').fill(start);
  await page.locator('[name="end"]').fill(end);
  await page.locator('[name="headcount"]').fill(String(headcount));
  await page.locator(`input[type=radio][value="${room}"]`).check();
  await page.locator('#view button[type="submit"]').click();
  await visit.at(/^#\/process\//);
  await page.locator(".timeline > li").first().waitFor();
  return new URL(page.url()).hash;
}

async function opensTheNextTask(visit, process) {
  await visit.go(process);
  await visit.page.locator('#view a[href^="#/task/"]').first().click();
  await visit.at(/^#\/task\//);
}

/** cancels presses twice by mistake, which only asks, and then means it. */
async function cancels(page) {
  const panel = page.locator('details[data-action="cancel"]');
  await panel.locator('button[type="submit"]').dblclick();
  assert.equal(await panel.locator(".sure").count(), 1, "it asks once");
  assert.equal(await page.locator(".badge.state-running").count(), 1, "nothing is cancelled yet");
  await panel.locator('[data-sure="yes"]').click();
  await page.locator(".badge.state-ended").waitFor();
}

/** span answers two hours on a day far enough ahead for hardly anybody to have asked for it, on working time. */
function span() {
  const day = new Date(Date.now() + (40 + Math.floor(Math.random() * 120)) * 86_400_000).toISOString().slice(0, 10);
  const hour = 9 + Math.floor(Math.random() * 8);
  return { start: `${day}T${String(hour).padStart(2, "0")}:00`, end: `${day}T${String(hour + 2).padStart(2, "0")}:00` };
}

/** asStarter signs the demo person who starts meetings in, has the visit happen and expects it to end without an error in the console. */
async function asStarter(lang, happen) {
  const browser = await chromium.launch(launch);
  try {
    const visit = await Visit.begin(browser, lang, "desktop");
    await visit.page.goto(base);
    await visit.at(/^#\/sign-in$/);
    await chooseLanguage(visit);
    await visit.signIn(starter);
    await happen(visit);
    assert.deepEqual(visit.errors, []);
  } finally {
    await browser.close();
  }
}

for (const lang of ["zh", "en"]) {
  test(`a booking is told in words: ${lang}`, { timeout: 180_000 }, () => asStarter(lang, async (visit) => {
    const { page } = visit;
    const words = said[lang];
    const asked = { title: `季度会 ${Date.now()}`, room: "room-6", headcount: 8, ...span() };
    const process = await booked(visit, asked);
    await page.locator('[data-step="facts"]', { hasText: words.system }).waitFor();
    assert.ok((await page.locator('[data-step="facts"]').textContent()).includes(words.system), "what the system did is not signed by a person");
    await readable(visit, "words-process");

    await booked(visit, { ...asked, title: `${asked.title} 二` });
    await page.locator("#toast", { hasText: asked.title }).waitFor();
    await opensTheNextTask(visit, new URL(page.url()).hash);
    assert.match(await page.locator("[data-reason]").textContent(), words.taken);
    await readable(visit, "words-conflict");

    await booked(visit, { ...asked, room: "multimedia-hall", headcount: 90 });
    await page.locator("#toast", { hasText: words.small }).waitFor();
    await opensTheNextTask(visit, new URL(page.url()).hash);
    await page.locator("[data-reason]", { hasText: words.small }).waitFor();
    await page.getByText(words.seats).waitFor();
    await readable(visit, "words-small");

    await visit.signOut();
    await visit.signIn(approver);
    await opensTheNextTask(visit, process);
    await page.locator('[data-outcome="approved"]').click();
    await visit.at(/^#\/inbox\/mine$/);
    await page.locator('#answers [data-action="undo"]').click();
    await visit.at(/^#\/task\//);
    await page.locator("#toast", { hasText: words.undone }).waitFor();
    await page.locator('[data-outcome="approved"]').click();
    await visit.at(/^#\/inbox\/mine$/);
    await visit.decided();
    await visit.go(process);
    await page.locator('[data-step="exception"]', { hasText: words.skipped }).waitFor();
    await readable(visit, "words-approved");
    await cancels(page);
    await visit.go("#/processes/all");
    await page.locator(".kind").first().waitFor();
  }));

  test(`tracks that are not wanted are skipped, and forms speak of fields in words: ${lang}`, { timeout: 120_000 }, () => asStarter(lang, async (visit) => {
    const { page } = visit;
    await visit.go("#/start/meeting_service");
    const process = await started(visit, { title: `例会 ${Date.now()}`, room: "room-5", headcount: 6, ...span() });
    await visit.signOut();
    await visit.signIn(approver);
    await opensTheNextTask(visit, process);
    await page.locator('[data-outcome="approved"]').click();
    await visit.at(/^#\/inbox\/mine$/);
    await visit.decided();
    await visit.go("#/processes/open");
    await page.locator(`a.row-link[href="${process}"] .kind`, { hasText: lang === "zh" ? "会场服务" : "Meeting service" }).click();
    await visit.at(/^#\/process\//);
    await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
    await page.locator('[data-step="clean_hall"]', { hasText: said[lang].skipped }).waitFor();
    await readable(visit, "words-tracks");

    await visit.go("#/start/complaint");
    const phone = page.locator('[name="phone"]');
    assert.equal(await phone.evaluate((field) => field.tagName), "INPUT");
    await phone.fill("call me");
    await page.locator('#view button[type="submit"]').click();
    await page.locator(".field", { has: page.locator('> [name="phone"]') }).getByText(lang === "zh" ? "5 到 20 位数字" : "5 to 20 digits").waitFor();
  }));
}
