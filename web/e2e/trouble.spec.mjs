// What the page does when things go wrong: no network, a busy server, somebody faster, a lost sign-in. The page and the
// sign-in come from a running server; the answers about one invented task are made here, so that they can go wrong.
//
//   BASE_URL=http://127.0.0.1:8080 node trouble.spec.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { base, launch, starter, Visit } from "./visit.mjs";

const id = "00000000-0000-4000-8000-000000000001";
const process = "00000000-0000-4000-8000-000000000002";
const person = { id: "someone", name: { zh: "某人", en: "Somebody" } };

const form = {
  type: "object", required: ["microphones", "projector", "guests"],
  properties: {
    remarks: { type: "string", maxLength: 500 },
    microphones: { type: "integer", minimum: 1, "x-title": { zh: "话筒数", en: "Microphones" } },
    projector: { type: "string", enum: ["works", "spare_used"], "x-title": { zh: "投影", en: "Projector" } },
    day: { type: "string", format: "date", "x-title": { zh: "日期", en: "Day" } },
    spare: { type: "boolean", "x-title": { zh: "有备用", en: "Spare one" } },
    found: { type: "array", items: { type: "string" } },
    guests: {
      type: "array", minItems: 1, "x-title": { zh: "贵宾", en: "Guests" },
      items: { type: "object", required: ["name"], properties: { name: { type: "string", "x-title": { zh: "姓名", en: "Name" } }, age: { type: "number" } } },
    },
  },
};

/** Stage answers for the invented task. `completions` are what the next attempts to complete it meet. */
class Stage {
  constructor(visit) {
    Object.assign(this, { visit, completions: [], sent: [], revision: 3, form, outcomes: ["done"] });
  }

  static async begin(browser, about) {
    const visit = await Visit.begin(browser, "zh", "desktop");
    visit.expected.push("status of 404"); // the process of the invented task is not for this person
    const stage = Object.assign(new Stage(visit), about);
    await visit.page.goto(base);
    await visit.signIn(starter);
    await visit.page.route((url) => url.pathname.includes(id) || url.pathname.includes(process), (route) => stage.answer(route));
    await visit.go(`#/task/${id}`);
    return stage;
  }

  task() {
    return {
      id, process, definition: "meeting_service", step: "av_check", kind: "task", title: { zh: "设备检查" }, processTitle: { zh: "周会" },
      status: "open", openedAt: "2026-11-20T01:00:00Z", dueAt: "2026-11-20T02:00:00Z", overdue: true, revision: this.revision, priority: 0,
      candidates: [{ kind: "user", ...person }], outcomes: this.outcomes, form: this.form, details: { cups: 12 }, checklist: [{ zh: "通电" }],
      allowedActions: ["claim", "complete", "transfer", "comment"].map((action) => ({ action, allowed: true })),
    };
  }

  async answer(route) {
    const request = route.request();
    const path = new URL(request.url()).pathname;
    const json = (body, status = 200) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });
    if (path.endsWith("/complete")) {
      this.sent.push({ key: await request.headerValue("idempotency-key"), body: request.postDataJSON() });
      await this.completions.shift()(route, json);
    } else if (path.endsWith("/comments")) {
      await json({ items: [] });
    } else if (path === `/api/v1/tasks/${id}`) {
      await json(this.task());
    } else {
      await json({ type: "x", title: "没有找到", status: 404, code: "not_found" }, 404);
    }
  }

  async fill() {
    const { page } = this.visit;
    await page.locator('[name="microphones"]').fill("2");
    await page.locator('[name="projector"]').selectOption({ index: 1 });
    await page.locator('[name="day"]').fill("2026-12-01");
    await page.locator('[name="spare"]').check();
    await page.locator('[name="name"]').fill("王先生");
  }

  press() {
    return this.visit.page.locator('[data-outcome="done"]').click();
  }

  problem() {
    return this.visit.page.locator(".desk .problem");
  }
}

const applied = (_, json) => json({ command: id, status: "applied" });
const noAnswer = (route) => route.abort("connectionreset");

function scene(name, play, about = {}) {
  test(name, { timeout: 60_000 }, async () => {
    const browser = await chromium.launch(launch);
    try {
      const stage = await Stage.begin(browser, about);
      await play(stage, stage.visit, stage.visit.page);
      assert.deepEqual(stage.visit.errors, []);
    } finally {
      await browser.close();
    }
  });
}

scene("a form is checked, drawn from its schema and sent as it was filled in", async (stage, visit, page) => {
  await visit.sound("task-form");
  await page.getByText(/逾期 \d+/).first().waitFor();
  await stage.press();
  await page.getByText("请填写此项。").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), "microphones", "the first faulty field has the focus");
  await page.locator('[name="microphones"]').fill("0");
  await stage.press();
  await page.getByText("不能小于 1。").waitFor();
  await stage.fill();
  await page.locator(".list", { has: page.locator('[name="name"]') }).locator("button", { hasText: "添加一项" }).click();
  await page.locator('[name="name"]').nth(1).fill("李女士");
  await page.locator('[name="age"]').nth(1).fill("41.5");
  stage.completions = [applied];
  await stage.press();
  await visit.at(/^#\/inbox\/mine$/);
  assert.deepEqual(stage.sent[0].body, {
    expectedRevision: 3, outcome: "done", holdSeconds: 8,
    form: { microphones: 2, projector: "works", day: "2026-12-01", spare: true, guests: [{ name: "王先生" }, { name: "李女士", age: 41.5 }] },
  });
});

scene("a command without an answer can be sent again and is the same command", async (stage, visit, page) => {
  visit.expected.push("status of 503", "ERR_CONNECTION_RESET");
  await stage.fill();
  stage.completions = [noAnswer, (_, json) => json({ type: "x", title: "忙", status: 503, code: "unavailable", traceId: "trace-7" }, 503), applied];
  await stage.press();
  await stage.problem().getByText("连不上服务器").waitFor();
  await stage.problem().locator("button").click();
  await stage.problem().getByText("trace-7").waitFor();
  await stage.problem().locator("button").click();
  await visit.at(/^#\/inbox\/mine$/);
  assert.equal(stage.sent.length, 3);
  assert.equal(new Set(stage.sent.map((s) => s.key)).size, 1, "one key for one intention");
  assert.equal(await page.locator("#toast").textContent(), "已办理：完成");
});

scene("pressing twice sends once", async (stage, visit, page) => {
  await stage.fill();
  let answer;
  stage.completions = [async (route, json) => { await new Promise((resolve) => { answer = resolve; }); await applied(route, json); }];
  await page.locator('[data-outcome="done"]').dblclick();
  await page.locator('.desk[aria-busy="true"]').waitFor();
  assert.equal(await page.locator('[data-outcome="done"]').isDisabled(), true);
  answer();
  await visit.at(/^#\/inbox\/mine$/);
  assert.equal(stage.sent.length, 1);
});

scene("who was faster is said, and what was written is kept", async (stage, visit, page) => {
  visit.expected.push("status of 409");
  await stage.fill();
  const winner = { by: person, outcome: "done", at: "2026-11-20T03:00:00Z" };
  stage.completions = [(_, json) => json({ type: "x", title: "已有新的决定", status: 409, code: "stale", revision: 4, winner }, 409)];
  await stage.press();
  await stage.problem().getByText("某人已于").waitFor();
  await visit.sound("task-conflict");
  stage.revision = 4;
  await stage.problem().locator("button", { hasText: "重新载入" }).click();
  await page.getByText("已恢复未提交的内容。").waitFor();
  assert.equal(await page.locator('[name="microphones"]').inputValue(), "2");
  assert.equal(await page.locator('[name="name"]').inputValue(), "王先生");
});

scene("the server's word about a field stands at the field, and the rest above the buttons", async (stage, visit, page) => {
  visit.expected.push("status of 422");
  await stage.fill();
  const fields = [{ field: "form.guests.0.name", code: "unknown", message: "不在名单上" }, { field: "outcome", code: "unknown", message: "没有这个结果" }];
  stage.completions = [(_, json) => json({ type: "x", title: "表单填写有误", status: 422, code: "invalid_form", fields }, 422)];
  await stage.press();
  await page.locator(".field", { has: page.locator('> [name="name"]') }).getByText("不在名单上").waitFor();
  assert.equal(await page.locator('[name="name"]').getAttribute("aria-invalid"), "true");
  await stage.problem().getByText("没有这个结果").waitFor();
});

scene("a lost sign-in leads to the sign-in page and back to the same place with everything kept", async (stage, visit, page) => {
  visit.expected.push("status of 401");
  await stage.fill();
  stage.completions = [(_, json) => json({ type: "x", title: "请先登录", status: 401, code: "sign_in_required" }, 401)];
  await stage.press();
  await visit.at(/^#\/sign-in$/);
  await visit.signIn(starter);
  await visit.at(new RegExp(`^#/task/${id}`));
  assert.equal(await page.locator('[name="microphones"]').inputValue(), "2");
});

scene("the other language keeps what was written", async (stage, visit, page) => {
  await stage.fill();
  await page.locator(".tools button").first().click();
  await page.getByText("What you had not sent yet is back.").waitFor();
  assert.equal(await page.locator('[name="day"]').inputValue(), "2026-12-01");
  assert.equal(await page.locator('[name="spare"]').isChecked(), true);
});

scene("news about the task is announced and moves nothing", async (stage, visit, page) => {
  await page.locator('[name="remarks"]').focus();
  await page.keyboard.type("好");
  stage.revision = 9;
  await page.getByText("任务有变化").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), "remarks", "the focus stays");
  assert.equal(await page.locator('[name="remarks"]').inputValue(), "好");
});

scene("a field's message goes when the field is filled in, and that of the others stays", async (stage, visit, page) => {
  await stage.press();
  const missing = page.locator(".error:not([hidden])");
  assert.equal(await missing.count(), 3);
  await page.locator('[name="microphones"]').fill("2");
  assert.equal(await missing.count(), 2);
  assert.equal(await page.locator('[name="microphones"]').getAttribute("aria-invalid"), "false");
  await page.locator('[name="projector"]').selectOption({ index: 1 });
  assert.equal(await missing.count(), 1);
});

scene("a message goes with the page that it was given for", async (stage, visit, page) => {
  await stage.fill();
  stage.completions = [applied];
  await stage.press();
  await visit.at(/^#\/inbox\/mine$/);
  assert.equal(await page.locator("#toast").textContent(), "已办理：完成");
  await visit.go("#/rooms");
  assert.equal(await page.locator("#toast").textContent(), "");
});

const owed = { form: { ...form, "x-required-for": ["resolved"] }, outcomes: ["resolved", "impossible"] };

scene("fields that only some outcomes ask for are marked, demanded with these and left out with the others", async (stage, visit, page) => {
  assert.equal(await page.getByText("办理结果为“已解决”时必填").count(), 3);
  await page.locator('[data-outcome="resolved"]').click();
  assert.equal(await page.locator(".error:not([hidden])").count(), 3);
  assert.equal(stage.sent.length, 0);
  stage.completions = [applied];
  await page.locator('[data-outcome="impossible"]').click();
  await visit.at(/^#\/inbox\/mine$/);
  assert.deepEqual(stage.sent[0].body, { expectedRevision: 3, outcome: "impossible", holdSeconds: 8 });
}, owed);

scene("what was filled in goes with an outcome that does not ask for it", async (stage, visit, page) => {
  await page.locator('[name="microphones"]').fill("2");
  stage.completions = [applied];
  await page.locator('[data-outcome="impossible"]').click();
  await visit.at(/^#\/inbox\/mine$/);
  assert.equal(stage.sent[0].body.form.microphones, 2);
  assert.equal("guests" in stage.sent[0].body.form, false);
}, owed);
