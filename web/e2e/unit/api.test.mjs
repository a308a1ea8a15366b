import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { api, onSignedOut, Problem } from "../../start/api.js";

/** answers is what the server says next: an object { status, body }, a function of the request, or an Error for no answer. */
let answers = [];
let asked = [];
const kept = new Map();
const realFetch = globalThis.fetch;

beforeEach(() => {
  answers = [];
  asked = [];
  kept.clear();
  globalThis.sessionStorage = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) };
  globalThis.fetch = async (path, options) => {
    asked.push({ path, ...options });
    const answer = answers.shift();
    assert.ok(answer, `an unexpected request: ${options.method} ${path}`);
    if (answer instanceof Error) {
      throw answer;
    }
    await answer.after;
    return new Response(answer.status === 204 ? null : JSON.stringify(answer.body ?? {}), { status: answer.status ?? 200 });
  };
});

afterEach(() => {
  globalThis.fetch = realFetch;
  onSignedOut(() => {});
});

const key = (i) => asked[i].headers["Idempotency-Key"];
const complete = () => api.complete("t1", { outcome: "approved", expectedRevision: 3 });
const applied = { body: { command: "c1", status: "applied" } };

describe("commands", () => {
  it("carry a key, the mark of this page and what the person has seen", async () => {
    answers = [applied];
    await complete();
    assert.equal(asked[0].path, "/api/v1/tasks/t1/complete");
    assert.match(key(0), /^[0-9a-f-]{36}$/);
    assert.equal(asked[0].headers["X-Requested-With"], "steward");
    assert.deepEqual(JSON.parse(asked[0].body), { outcome: "approved", expectedRevision: 3 });
  });

  it("are sent once when pressed twice", async () => {
    let answer;
    answers = [{ ...applied, after: new Promise((resolve) => { answer = resolve; }) }];
    const both = [complete(), complete()];
    answer();
    const results = await Promise.all(both);
    assert.equal(asked.length, 1);
    assert.equal(results[0], results[1]);
  });

  it("keep their key when no answer came, and when the server failed", async () => {
    answers = [new TypeError("network"), { status: 503, body: { title: "busy", traceId: "tr" } }, applied];
    await assert.rejects(complete(), (p) => p instanceof Problem && p.kind === "network" && p.retryable);
    await assert.rejects(complete(), (p) => p.kind === "server" && p.retryable && p.traceId === "tr");
    await complete();
    assert.equal(new Set([key(0), key(1), key(2)]).size, 1);
    assert.equal(kept.size, 0, "an answered command leaves nothing behind");
  });

  it("find their key again after the page was loaded anew", async () => {
    kept.set(`steward.key /api/v1/tasks/t9/claim\n${JSON.stringify({ expectedRevision: 1 })}`, "kept-key");
    answers = [applied];
    await api.claim("t9", { expectedRevision: 1 });
    assert.equal(key(0), "kept-key");
  });

  it("get another key after an answer, and for another content", async () => {
    answers = [{ status: 409, body: { code: "stale", winner: { by: { id: "x" } } } }, applied, applied];
    await assert.rejects(complete(), (p) => p.kind === "problem" && !p.retryable && p.winner.by.id === "x");
    await complete();
    await api.complete("t1", { outcome: "rejected", expectedRevision: 3 });
    assert.equal(new Set([key(0), key(1), key(2)]).size, 3);
  });

  it("that are only stored are followed until they are decided", async () => {
    const pending = { body: { command: "c7", status: "pending" } };
    answers = [{ ...pending, status: 202 }, pending, new TypeError("a short break"), { body: { command: "c7", status: "applied", process: "p1" } }];
    const result = await api.start("meeting_service", 1, {});
    assert.equal(result.process, "p1");
    assert.deepEqual(asked.slice(1).map((r) => `${r.method} ${r.path}`), Array(3).fill("GET /api/v1/commands/c7"));
  });

  it("that are held back answer at once, and are followed later", async () => {
    const held = { status: 202, body: { command: "c9", status: "pending", heldUntil: "2026-11-21T06:30:08Z" } };
    answers = [held, { body: { command: "c9", status: "applied" } }, held];
    const complete = () => api.complete("t1", { outcome: "approved", holdSeconds: 8 });
    assert.equal((await complete()).status, "pending");
    assert.equal(asked.length, 1, "nobody waits");
    assert.equal((await api.followed("c9")).status, "applied");
    assert.equal(asked[1].path, "/api/v1/commands/c9");
    await complete();
    assert.notEqual(key(2), key(0), "after it was undone the same answer is another command");
    assert.equal(kept.size, 0);
  });

  it("that are refused later are a problem with its fields and winner", async () => {
    const refused = { command: "c8", status: "refused", code: "stale", message: { zh: "已有新的决定" }, winner: { by: { id: "x" } }, fields: [{ field: "form.a" }] };
    answers = [{ status: 202, body: { command: "c8", status: "pending" } }, { body: refused }];
    await assert.rejects(complete(), (p) => p.status === 409 && p.detail === "已有新的决定" && p.winner.by.id === "x" && p.fields.length === 1 && !p.retryable);
  });
});

describe("requests", () => {
  it("say the language and leave out what was not asked", async () => {
    answers = [{ body: { items: [] } }];
    await api.tasks({ scope: "mine", cursor: undefined, limit: 20 });
    assert.equal(asked[0].path, "/api/v1/tasks?scope=mine&limit=20");
    assert.equal(asked[0].headers["Accept-Language"], "zh");
    assert.equal(asked[0].headers["Idempotency-Key"], undefined);
  });

  it("tell when the person is no longer known, but not when the password is wrong", async () => {
    let times = 0;
    onSignedOut(() => { times += 1; });
    answers = [{ status: 401, body: { code: "wrong_credentials" } }, { status: 401, body: { code: "sign_in_required" } }];
    await assert.rejects(api.signIn("a", "b"));
    assert.equal(times, 0);
    await assert.rejects(api.me());
    assert.equal(times, 1);
  });

  it("put ids into paths safely", async () => {
    answers = [{}];
    await api.task("a/b?c");
    assert.equal(asked[0].path, "/api/v1/tasks/a%2Fb%3Fc");
  });

  it("call an answer that is no JSON a problem of the server", async () => {
    globalThis.fetch = async () => new Response("<html>bad gateway", { status: 502 });
    await assert.rejects(api.rooms(), (p) => p.kind === "server" && p.status === 502 && p.fields.length === 0);
  });
});
