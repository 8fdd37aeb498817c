// Asking the API. Every failure is a Problem: one sentence for people, one code for programs.
//
// The session is a cookie that no script can read; the header says that one of our own pages asks (ADR 0020).

const ROOT = "/api/v1";
const PATIENCE_MS = 30_000;

export class Problem extends Error {
  // `body` is problem+json; what did not come from the server has no request id.
  constructor(status, body) {
    super(body.detail || body.title);
    this.status = status;
    this.code = body.code;
    this.title = body.title;
    this.fields = body.errors || [];
    this.requestId = body.request_id || null;
    this.retryAfterS = body.retry_after_s || null;
    this.members = body;
  }

  // What stands before a person: the sentence, and the code that he reads out to his support.
  get sentence() {
    return `${this.message}（${this.code}）`;
  }
}

const UNREACHABLE = { code: "network_unreachable", title: "网络不通，请检查网络后重试" };
const TOO_SLOW = { code: "network_timeout", title: "等待时间过长，请稍后重试" };
const UNREADABLE = { code: "answer_unreadable", title: "服务器的回答无法识别，请稍后重试" };

// Ask and return the answer's JSON; null where it has none. `query` leaves out what is null or undefined, arrays repeat.
export const get = async (path, query = {}, options = {}) => jsonOf(await send("GET", path, { query, ...options }));
export const post = async (path, json = {}, options = {}) => jsonOf(await send("POST", path, { json, ...options }));
export const put = async (path, json, options = {}) => jsonOf(await send("PUT", path, { json, ...options }));
export const patch = async (path, json, options = {}) => jsonOf(await send("PATCH", path, { json, ...options }));
export const remove = async (path, options = {}) => jsonOf(await send("DELETE", path, options));

// Ask and return the Response itself, for files and streams. `version` becomes If-Match, `key` the Idempotency-Key;
// `here` keeps a 401 from leading to the login page.
export async function send(method, path, { query = {}, json, body: raw, headers = {}, version, key, signal, here = false, patienceMs = PATIENCE_MS } = {}) {
  const all = { "X-Xunji-Page": "1", ...headers };
  if (json !== undefined) all["Content-Type"] = "application/json";
  if (version !== undefined) all["If-Match"] = `"${version}"`;
  if (key !== undefined) all["Idempotency-Key"] = key;
  const patience = AbortSignal.timeout(patienceMs);
  const answer = await reach(address(path, query), {
    method,
    headers: all,
    body: json === undefined ? raw : JSON.stringify(json),
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
    credentials: "same-origin",
    cache: "no-store",
  });
  if (answer.ok) return answer;
  const problem = await problemOf(answer, method);
  if (problem.status === 401 && !here) leadToLogin();
  throw problem;
}

// All rows of a list, page after page, at most `most`; `more` says that there are others.
export async function all(path, query = {}, most = 1000) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(path, { ...query, limit: 200, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && items.length < most);
  return { items, more: cursor !== null };
}

// The path below the API's root, with a query.
export function address(path, query = {}) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined) parts.append(name, one);
  }
  return ROOT + path + (parts.size === 0 ? "" : `?${parts}`);
}

// An id for one intention, so that a retry has no second effect; randomUUID wants a secure context, which LANs lack.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function leadToLogin() {
  if (location.pathname !== "/login") location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error; // whoever asked no longer wants it
    throw new Problem(0, error.name === "TimeoutError" ? TOO_SLOW : UNREACHABLE);
  }
}

// A refusal in our words. Whatever else a proxy or a login page of the network says was never said by our server.
async function problemOf(answer, method) {
  if (kindOf(answer) !== "application/problem+json") return unreadable();
  try {
    return new Problem(answer.status, await answer.json());
  } catch {
    return unreadable(method === "HEAD" ? answer.status : 0); // which has no body
  }
}

// The JSON of a good answer; null where it has none. What is none, or was cut, counts like no answer.
export async function jsonOf(answer) {
  if (answer.status === 204) return null;
  if (kindOf(answer) !== "application/json") throw unreadable();
  try {
    return await answer.json();
  } catch (error) {
    throw error.name === "AbortError" ? error : unreadable(); // whoever asked no longer wants it
  }
}

const kindOf = (answer) => (answer.headers.get("Content-Type") ?? "").split(";")[0];

// What came is none of our answers: status 0, as if none had come.
export const unreadable = (status = 0) => new Problem(status, UNREADABLE);
