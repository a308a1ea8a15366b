// All that the page asks of the server. Every request of the page is a function here; nothing else knows a path.

import { language } from "./i18n.js";

const requestTimeout = 20_000;
const receiptPause = 500;
const receiptPatience = 60_000;

/**
 * Problem is what went wrong with a request. `kind` is "problem" (the server said what), "server" (it failed, or is busy)
 * or "network" (no answer came: the request may or may not have arrived).
 */
export class Problem extends Error {
  constructor(kind, about = {}) {
    super(about.detail || about.title || kind);
    this.kind = kind;
    Object.assign(this, { status: 0, code: "", title: "", detail: "", fields: [], traceId: "" }, about);
  }

  /** retryable says whether the same request may succeed when it is simply sent again. */
  get retryable() {
    return this.kind !== "problem";
  }
}

/** sought asks for one thing. When there is none, or its id cannot be one, the problem has the given title. */
export async function sought(asked, title, detail) {
  try {
    return await asked;
  } catch (problem) {
    throw problem.status === 400 || problem.status === 404 ? new Problem("problem", { status: 404, code: "not_found", title, detail }) : problem;
  }
}

let signedOut = () => {};

/** onSignedOut sets what happens when the server no longer knows who asks. */
export function onSignedOut(handler) {
  signedOut = handler;
}

async function request(method, path, { query, body, key } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": language() };
  if (method !== "GET") {
    headers["X-Requested-With"] = "steward";
  }
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  if (key !== undefined) {
    headers["Idempotency-Key"] = key;
  }
  const options = { method, headers, credentials: "same-origin", signal: AbortSignal.timeout(requestTimeout) };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
  }
  return answerOf(await sent(path + queryString(query), options));
}

async function sent(path, options) {
  try {
    const response = await fetch(path, options);
    const content = response.status === 204 ? "" : await response.text();
    return { response, content };
  } catch (cause) {
    throw new Problem("network", { cause });
  }
}

function queryString(query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}

function answerOf({ response, content }) {
  const answer = parsed(content);
  if (response.ok) {
    return answer;
  }
  const problem = new Problem(failedItself(response.status) ? "server" : "problem", { ...answer, status: response.status });
  if (response.status === 401 && problem.code !== "wrong_credentials") {
    signedOut();
  }
  throw problem;
}

function failedItself(status) {
  return status >= 500 || status === 408 || status === 429;
}

function parsed(content) {
  try {
    return content === "" ? {} : JSON.parse(content);
  } catch {
    return {};
  }
}

const get = (path, query) => request("GET", path, { query });
const post = (path, body) => request("POST", path, { body });
const patch = (path, body) => request("PATCH", path, { body });
const remove = (path) => request("DELETE", path);

// Commands ------------------------------------------------------------------------------------------------------------

const inFlight = new Map();

/**
 * command sends a change exactly once. While it is under way the same change is not sent again, and when no answer came
 * it keeps its Idempotency-Key, so that sending it again cannot do it twice. It answers the receipt of what was decided.
 */
function command(path, body) {
  const name = `${path}\n${JSON.stringify(body)}`;
  if (!inFlight.has(name)) {
    inFlight.set(name, carriedOut(path, body, name).finally(() => inFlight.delete(name)));
  }
  return inFlight.get(name);
}

async function carriedOut(path, body, name) {
  const key = keys.of(name);
  try {
    const result = await decidedOrHeld(await request("POST", path, { body, key }));
    keys.forget(name);
    return result;
  } catch (problem) {
    if (!problem.retryable) {
      keys.forget(name); // it was answered: another try is another command
    }
    throw problem;
  }
}

/** decidedOrHeld waits for the receipt of a command, unless it can still be undone: then nobody need wait at once. */
function decidedOrHeld(result) {
  return result.status === "pending" && result.heldUntil ? result : settled(result);
}

/** settled waits for the receipt of a command that was stored but not decided yet. */
async function settled(result) {
  const end = Date.now() + receiptPatience;
  while (result.status === "pending" && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, receiptPause));
    result = await receiptOf(result);
  }
  if (result.status === "refused") {
    throw new Problem("problem", { ...result, status: 409, title: "", detail: inLanguage(result.message) });
  }
  return result;
}

async function receiptOf(before) {
  try {
    return await api.receipt(before.command);
  } catch (problem) {
    if (problem.retryable) {
      return before;
    }
    throw problem;
  }
}

function inLanguage(message = {}) {
  return (language() === "en" ? message.en || message.zh : message.zh || message.en) || "";
}

/** keys remembers the key of every command without an answer, across a reload of the page. */
const keys = {
  memory: new Map(),
  of(name) {
    const known = this.memory.get(name) ?? storage()?.getItem(`steward.key ${name}`) ?? crypto.randomUUID();
    this.memory.set(name, known);
    storage()?.setItem(`steward.key ${name}`, known);
    return known;
  },
  forget(name) {
    this.memory.delete(name);
    storage()?.removeItem(`steward.key ${name}`);
  },
};

function storage() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

// Requests ------------------------------------------------------------------------------------------------------------

const id = encodeURIComponent;

/** api holds the requests by name. Lists answer { items, nextCursor }. */
export const api = {
  demoPeople: () => get("/start/demo.json"),
  signIn: (user, password) => post("/api/v1/session", { user, password }),
  signOut: () => remove("/api/v1/session"),
  me: () => get("/api/v1/me"),
  setLocale: (locale) => patch("/api/v1/me", { locale }),

  definitions: () => get("/api/v1/definitions"),
  definition: (name, version) => get(`/api/v1/definitions/${id(name)}`, { version }),

  processes: (query) => get("/api/v1/processes", query),
  process: (process) => get(`/api/v1/processes/${id(process)}`),
  log: (process, query) => get(`/api/v1/processes/${id(process)}/log`, query),
  start: (definition, version, input) => command("/api/v1/processes", { definition, version, input }),
  tell: (process, name, data) => command(`/api/v1/processes/${id(process)}/events`, { name, data }),
  reschedule: (process, data) => command(`/api/v1/processes/${id(process)}/reschedule`, { data }),
  cancel: (process, reason) => command(`/api/v1/processes/${id(process)}/cancel`, { reason }),

  tasks: (query) => get("/api/v1/tasks", query),
  task: (task) => get(`/api/v1/tasks/${id(task)}`),
  claim: (task, body) => command(`/api/v1/tasks/${id(task)}/claim`, body),
  release: (task, body) => command(`/api/v1/tasks/${id(task)}/release`, body),
  complete: (task, body) => command(`/api/v1/tasks/${id(task)}/complete`, body),
  transfer: (task, body) => command(`/api/v1/tasks/${id(task)}/transfer`, body),
  comments: (task, query) => get(`/api/v1/tasks/${id(task)}/comments`, query),
  comment: (task, body) => command(`/api/v1/tasks/${id(task)}/comments`, { body }),

  withdraw: (commandId) => remove(`/api/v1/commands/${id(commandId)}`),
  followed: (commandId) => settled({ command: commandId, status: "pending" }),
  receipt: (commandId) => get(`/api/v1/commands/${id(commandId)}`),

  rooms: () => get("/api/v1/rooms"),
  freeBusy: (from, to) => get("/api/v1/rooms/free-busy", { from, to }),
  reservations: (query) => get("/api/v1/reservations", query),

  notifications: (query) => get("/api/v1/notifications", query),
  markRead: (body) => post("/api/v1/notifications/read", body),
};
