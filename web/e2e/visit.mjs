// What the browser tests share: the browser, one person's visit, and what must hold on every page.
//
// Environment: BASE_URL (needed: a running server with its demo people and the shipped definitions), CHROMIUM, STARTER,
// APPROVER, DEMO_PASSWORD, DEFINITION; the defaults are those of the demo house. Screenshots go to shots/.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const base = process.env.BASE_URL;
assert.ok(base, "set BASE_URL to the address of a running server, for example http://127.0.0.1:8080");

export const starter = process.env.STARTER ?? "ashan";
export const approver = process.env.APPROVER ?? "afang";
export const password = process.env.DEMO_PASSWORD ?? "steward-demo";
export const definition = process.env.DEFINITION ?? "meeting_service";
const patience = 15_000;
const shots = fileURLToPath(new URL("shots/", import.meta.url));
mkdirSync(shots, { recursive: true });

export const launch = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
};

export const words = {
  zh: { lang: "zh-CN", tasks: "任务", remaining: /剩余|逾期/, day: /\d+月\d+日 周. \d\d:\d\d/, empty: "请填写此项。" },
  en: { lang: "en", tasks: "Tasks", remaining: /left|overdue/, day: /\w{3}, \w{3} \d+/, empty: "Fill this in." },
};

export const screens = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

/** Visit is one person's use of the page, with everything that must not happen while it lasts. */
export class Visit {
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
    if (message.type() === "error" && !this.expected.some((words) => message.text().includes(words))) {
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

  /** decided waits until the server has decided every answer that was held back. */
  async decided() {
    await this.page.locator('.answer[data-state="done"]').first().waitFor();
    assert.equal(await this.page.locator('.answer:not([data-state="done"])').count(), 0);
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

/** chooseLanguage switches to the visit's language; the page begins in Chinese. */
export async function chooseLanguage(visit) {
  if (visit.lang === "en") {
    await visit.page.locator(".tools button").first().click();
  }
  await visit.page.waitForFunction((lang) => document.documentElement.lang === lang, words[visit.lang].lang);
}
