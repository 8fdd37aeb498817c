// A print station: shows its code, takes what was released at it, and prints it.
//
// Nothing is printed twice unasked: before a sheet goes to the printer its job is noted in this browser, and the note
// goes when the server knows the outcome. A station that finds a note when it starts asks a person what came out.

const API = "/api/v1/station";
const TOKEN = "xunji.kiosk.token";
const NOTE = "xunji.kiosk.printing";
const POLL_MS = 3_000;
const ANSWER_MS = 10_000;
const SHOWN_MS = 6_000; // how long "take your sheet" stands
const LOADED_MS = 20_000; // by then a PDF has been shown, or never will be
const SPOOLED_MS = 10_000; // by then a printer has it, where the browser does not say so
const SETTLE_MS = 500; // what the viewer needs between its load event and its first page

const element = (id) => document.getElementById(id);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Refused extends Error {
  constructor(status) {
    super(`refused: ${status}`);
    this.status = status;
  }
}

let face = null; // what the server says we show
let ahead = 0; // the server's clock minus ours, in milliseconds
let busy = false; // a sheet is in our hands, or a person is being asked
let running = false; // one loop, however often a token is typed in
let outcome = null; // a report that the server has not heard yet

async function call(path, { method = "GET", body = null, read = (answer) => answer.json() } = {}) {
  const headers = { Authorization: `Bearer ${localStorage.getItem(TOKEN)}` };
  if (body !== null) headers["Content-Type"] = "application/json";
  const answer = await fetch(API + path, {
    method,
    headers,
    body: body === null ? null : JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!answer.ok) throw new Refused(answer.status);
  return read(answer);
}

function show(screen, title = "") {
  document.body.dataset.screen = screen;
  for (const place of document.querySelectorAll(".title")) place.textContent = title;
}

function warn(words) {
  element("notice").textContent = words;
  element("notice").hidden = words === "";
}

async function refreshFace() {
  face = await call("");
  ahead = Date.parse(face.now) - Date.now();
  element("station").textContent = face.name;
  element("organisation").textContent = face.organisation;
  element("code").textContent = `${face.code.slice(0, 3)} ${face.code.slice(3)}`;
  element("symbol").src = `data:image/svg+xml;base64,${btoa(face.symbol_svg)}`;
  countDown();
}

const secondsLeft = () => (face === null ? 0 : Math.ceil((Date.parse(face.changes_at) - ahead - Date.now()) / 1000));

function countDown() {
  const left = Math.max(0, secondsLeft());
  element("left").value = left;
  element("seconds").textContent = left;
}

async function takeNext() {
  const { job } = await call("/jobs/next", { method: "POST" });
  warn("");
  if (job === null) return;
  busy = true;
  try {
    await print(job);
  } finally {
    unload();
    show("ready");
    busy = false;
  }
}

async function print(job) {
  show("printing", job.title);
  const loaded = await load(job);
  if (loaded) {
    localStorage.setItem(NOTE, JSON.stringify({ id: job.id, attempt: job.attempts, title: job.title }));
    await toPrinter();
  }
  outcome = { id: job.id, attempt: job.attempts, outcome: loaded ? "printed" : "not_loaded" };
  show(loaded ? "printed" : "failed", job.title);
  await Promise.all([pause(SHOWN_MS), tellOrKeep()]);
}

async function load(job) {
  let pdf;
  try {
    pdf = await call(`/jobs/${job.id}/pdf`, { read: (answer) => answer.blob() });
  } catch (error) {
    if (error instanceof Refused && error.status < 500 && error.status !== 401) return false;
    throw error; // the line is cut: the lease runs out, and the job comes back
  }
  const sheet = element("sheet");
  const loaded = new Promise((resolve) => sheet.addEventListener("load", () => resolve(true), { once: true }));
  sheet.src = URL.createObjectURL(new Blob([pdf], { type: "application/pdf" }));
  return Promise.race([loaded, pause(LOADED_MS).then(() => false)]);
}

async function toPrinter() {
  await pause(SETTLE_MS);
  const sheet = element("sheet").contentWindow;
  const done = new Promise((resolve) => sheet.addEventListener("afterprint", resolve, { once: true }));
  sheet.focus();
  sheet.print();
  await Promise.race([done, pause(SPOOLED_MS)]);
}

function unload() {
  URL.revokeObjectURL(element("sheet").src);
  element("sheet").removeAttribute("src");
}

// Tell the server what came of a job; nothing else is taken before it knows.
async function tell() {
  if (outcome === null) return;
  const { id, ...body } = outcome;
  try {
    await call(`/jobs/${id}/report`, { method: "POST", body });
  } catch (error) {
    const settled = error instanceof Refused && [404, 409, 410].includes(error.status);
    if (!settled) throw error;
  }
  outcome = null;
  localStorage.removeItem(NOTE);
}

// The same, where somebody is looking at other words; what was not heard is told again with the next poll.
const tellOrKeep = () => tell().catch(() => null);

function askAboutNote() {
  const note = localStorage.getItem(NOTE);
  if (note === null) return;
  busy = true;
  const { id, attempt, title } = JSON.parse(note);
  const answered = (word) => async () => {
    outcome = { id, attempt, outcome: word };
    show("ready");
    await tellOrKeep();
    busy = false;
  };
  element("came-out").onclick = answered("printed");
  element("did-not").onclick = answered("not_printed");
  show("asking", title);
}

async function poll() {
  await tell();
  if (face === null || secondsLeft() <= 0) await refreshFace();
  if (outcome === null && !busy) await takeNext();
}

function explain(error) {
  if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
    forget();
    show("revoked");
    return "";
  }
  if (secondsLeft() <= 0) showNoCode();
  if (error instanceof Refused) return "系统暂时不可用，正在重试…";
  return "网络不通，正在重新连接…暂时不能打印，请稍候。";
}

function showNoCode() {
  element("code").textContent = "— — —";
  element("symbol").removeAttribute("src");
}

function forget() {
  localStorage.removeItem(TOKEN);
  face = null;
  warn("");
}

async function run() {
  if (running) return;
  running = true;
  askAboutNote();
  while (localStorage.getItem(TOKEN) !== null) {
    try {
      await poll();
      warn("");
      if (!busy) show("ready");
    } catch (error) {
      warn(explain(error));
    }
    await pause(POLL_MS);
  }
  running = false;
}

async function enrol(event) {
  event.preventDefault();
  localStorage.setItem(TOKEN, element("token").value.trim());
  try {
    await refreshFace();
  } catch (error) {
    forget();
    warn(error instanceof Refused ? "令牌不正确，请核对后重新输入。" : "网络不通，请检查网络后重试。");
    return;
  }
  element("token").value = "";
  warn("");
  show("ready");
  run();
}

element("enrolment").addEventListener("submit", enrol);
element("again").addEventListener("click", () => show("enrolling"));
setInterval(countDown, 250);
if (localStorage.getItem(TOKEN) === null) show("enrolling");
else run();
