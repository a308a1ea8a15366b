// What a person has answered can be undone for some seconds wherever they go, and the page says what became of it. Bookings
// are made over the API here, so that each scene has tasks of its own.
//
//   BASE_URL=http://127.0.0.1:8080 node answers.spec.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { chromium, request } from "playwright-core";
import { approver, base, launch, password, starter, Visit } from "./visit.mjs";

const room = "room-5";

/** Client is one person's use of the API. */
class Client {
  static async signIn(user) {
    const client = new Client();
    client.http = await request.newContext({ baseURL: base, extraHTTPHeaders: { "X-Requested-With": "steward" } });
    await client.post("/api/v1/session", { user, password });
    return client;
  }

  async post(path, data) {
    const answer = await this.http.post(path, { data, headers: { "Idempotency-Key": crypto.randomUUID() } });
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  }

  async get(path) {
    const answer = await this.http.get(path);
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  }

  /** book applies for a room and answers the process and the task of its approval. */
  async book(title, times = span()) {
    const input = { title, room, department: "营销部", purpose: "季度计划", headcount: 6, ...times };
    const { process } = await this.post("/api/v1/processes", { definition: "room_booking", input });
    const { next } = await this.get(`/api/v1/processes/${process}`);
    return { process, task: next[0].task };
  }
}

/** span answers two hours of some day ahead, as the API wants them. */
function span() {
  const day = new Date(Date.now() + (20 + Math.floor(Math.random() * 140)) * 86_400_000).toISOString().slice(0, 10);
  const hour = 10 + Math.floor(Math.random() * 6);
  return { start: `${day}T${hour}:00:00+08:00`, end: `${day}T${hour + 2}:00:00+08:00` };
}

function scene(name, user, play) {
  test(name, { timeout: 90_000 }, async () => {
    const browser = await chromium.launch(launch);
    try {
      const visit = await Visit.begin(browser, "zh", "desktop");
      await visit.page.goto(base);
      await visit.signIn(user);
      await play(visit, visit.page, await Client.signIn(starter), await Client.signIn(approver));
      assert.deepEqual(visit.errors, []);
    } finally {
      await browser.close();
    }
  });
}

const answer = (page, task) => page.locator(`[data-answer="${task}"]`);
const inState = (page, task, state) => page.locator(`[data-answer="${task}"][data-state="${state}"]`).waitFor();

async function approves(visit, task, comment) {
  await visit.go(`#/task/${task}`);
  await visit.page.getByLabel("意见（可不填）").fill(comment);
  await visit.page.locator('[data-outcome="approved"]').click();
  await visit.at(/^#\/inbox\/mine$/);
  await inState(visit.page, task, "held");
}

scene("answers can be undone from every page, side by side, and move nobody", approver, async (visit, page, client) => {
  const one = await client.book(`甲 ${Date.now()}`);
  const two = await client.book(`乙 ${Date.now()}`);
  await approves(visit, one.task, "同意第一个");
  await visit.go("#/inbox/claimable");
  assert.equal(await page.locator(`a[href="#/task/${one.task}"]`).count(), 0, "what was answered is not offered again");
  await visit.go(`#/task/${one.task}`);
  await page.locator("[data-answered]").waitFor();
  assert.equal(await page.locator("[data-outcome]").count(), 0, "no second answer");
  await approves(visit, two.task, "同意第二个");
  await visit.go("#/rooms");
  await visit.sound("answers-held");
  await answer(page, one.task).locator('[data-action="undo"]').click();
  await visit.at(new RegExp(`^#/task/${one.task}$`));
  await page.locator("#toast", { hasText: "已撤销" }).waitFor();
  assert.equal(await page.getByLabel("意见（可不填）").inputValue(), "同意第一个", "what was typed is kept");
  await visit.go("#/rooms");
  await inState(page, two.task, "done");
  assert.equal(new URL(page.url()).hash, "#/rooms", "nobody is moved");
  assert.equal((await client.get(`/api/v1/processes/${one.process}`)).next[0].task, one.task, "what was undone did not happen");
  assert.equal(await answer(page, one.task).count(), 0);
});

scene("an answer outlives a reload, and the page of its task shows what became of it", approver, async (visit, page, client) => {
  const { task } = await client.book(`丙 ${Date.now()}`);
  await approves(visit, task, "好");
  await visit.go(`#/task/${task}`);
  await page.reload();
  await page.locator("[data-answered]").waitFor();
  await answer(page, task).locator('[data-action="undo"]').click();
  await page.locator('[data-outcome="approved"]').click();
  await visit.at(/^#\/inbox\/mine$/);
  await visit.go(`#/task/${task}`);
  await page.locator("[data-answered]").waitFor();
  await inState(page, task, "done");
  await page.getByText("办理：同意，").waitFor();
  await answer(page, task).locator('[data-action="close"]').click();
  assert.equal(await answer(page, task).count(), 0);
});

scene("an answer that is refused later is told with the reason where the person is", approver, async (visit, page, client) => {
  const { process, task } = await client.book(`丁 ${Date.now()}`);
  await approves(visit, task, "好");
  await visit.go("#/rooms");
  await client.post(`/api/v1/processes/${process}/cancel`, { reason: "不开了" });
  await inState(page, task, "refused");
  assert.match(await answer(page, task).textContent(), /没有办成：同意。.+任务已关闭/);
  assert.equal(new URL(page.url()).hash, "#/rooms", "nobody is moved");
  await visit.sound("answer-refused");
  visit.expected.push("status of 404"); // the cancelled process is no business of the approver's any more
  await answer(page, task).locator("a").click();
  await visit.at(/^#\/task\//);
  assert.equal(await page.locator("[data-outcome]").count(), 0);
});

scene("an answer counts when the tab is closed before its seconds are over", approver, async (visit, page, client, office) => {
  const { process, task } = await client.book(`戊 ${Date.now()}`);
  await approves(visit, task, "好");
  await page.context().close();
  const end = Date.now() + 30_000;
  let now = await office.get(`/api/v1/tasks/${task}`);
  assert.equal(now.status, "open", "it was held when the tab was closed");
  while (now.status === "open" && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    now = await office.get(`/api/v1/tasks/${task}`);
  }
  assert.deepEqual([now.status, now.outcome], ["done", "approved"]);
  assert.equal((await client.get(`/api/v1/processes/${process}/log`)).items.filter((entry) => entry.comment === "好").length, 1, "once");
});

scene("a taken time asks for another one and keeps the form", starter, async (visit, page, client, office) => {
  const taken = span();
  await office.post(`/api/v1/tasks/${(await client.book(`己 ${Date.now()}`, taken)).task}/complete`, { outcome: "approved" });
  const own = await client.book(`庚 ${Date.now()}`);
  await office.post(`/api/v1/tasks/${own.task}/complete`, { outcome: "approved" });
  await visit.go(`#/process/${own.process}`);
  const panel = page.locator('details[data-action="reschedule"]');
  await panel.locator("summary").click();
  await panel.locator('[name="start"]').fill(taken.start.slice(0, 16));
  await panel.locator('[name="end"]').fill(taken.end.slice(0, 16));
  visit.expected.push("status of 409");
  await panel.locator('button[type="submit"]').click();
  await panel.locator(".problem").getByText("请另选时间。").waitFor();
  assert.equal(await panel.locator(".problem button").count(), 0, "reading it anew does not help");
  assert.equal(await panel.locator('[name="start"]').inputValue(), taken.start.slice(0, 16), "the form is as it was");
  await visit.sound("time-taken");
});

scene("an address that names no process says so once, with a way back", starter, async (visit, page) => {
  visit.expected.push("status of 400", "status of 404");
  for (const id of ["deadbeef", crypto.randomUUID()]) {
    await visit.go(`#/process/${id}`);
    assert.equal(await visit.heading(), "没有这个流程");
    assert.equal(await page.getByText("没有这个流程").count(), 1);
    await page.getByText("它不存在，或者您无权查看。").waitFor();
    await page.locator("#view a.button").click();
    await visit.at(/^#\/inbox\/mine$/);
  }
});
