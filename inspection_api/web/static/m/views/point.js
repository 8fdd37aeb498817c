// One checkpoint: where it is, how far, whether he is there, and what he may do now.

import { ask, field } from "../../shell/dialog.js";
import { h, icon, show } from "../../shell/dom.js";
import { dayOf, instant, shortDay } from "../../shell/format.js";
import { notify } from "../../shell/states.js";
import { placeOf } from "../app.js";
import { absent } from "../parts/absent.js";
import { takePhoto } from "../parts/capture.js";
import { formFor } from "../parts/choosing.js";
import { headline, Presence } from "../parts/presence.js";
import { kept } from "../parts/room.js";
import { wayTo } from "../parts/way.js";

const BINDING_FIXES = 3;
const SCAN_LIVES_MS = 600_000;
const FRESH_MS = 5000;

export async function point(app, place, id) {
  const checkpoint = await app.mirror.find("checkpoint", id);
  if (checkpoint === null) return absent(place, "手机上没有这个检查点，请联网同步后再试");
  const [customer, tasks] = await Promise.all([app.mirror.find("customer", checkpoint.customer_id), app.tasksOf(id)]);
  const presence = h("div", { class: "presence", role: "status" });
  const way = wayTo(app, checkpoint);
  const actions = h("p", { class: "act" }); // where the thumb is, wherever the words above it end
  show(
    place,
    h("h1", {}, customer?.name ?? checkpoint.name),
    presence,
    h("section", { class: "card" }, h("h2", {}, checkpoint.name), facts(checkpoint, customer, tasks), way.place),
    actions,
    h("p", { class: "buttons" }, h("a", { class: "button", href: "#/" }, "返回"), h("button", { type: "button", onclick: () => unmet(app, checkpoint, tasks[0]) }, "上门未遇或被拒")),
  );
  const standing = new Presence(app, checkpoint, tasks, scannedOf(checkpoint));
  const refresh = () => { judge(app, checkpoint, standing, presence, actions); way.refresh(); };
  refresh();
  standing.addEventListener("change", refresh);
  app.position.addEventListener("change", refresh);
  const timer = setInterval(refresh, 5000);
  return () => { clearInterval(timer); app.position.removeEventListener("change", refresh); };
}

const facts = (checkpoint, customer, tasks) =>
  h(
    "dl",
    { class: "facts" },
    [["编号", checkpoint.code], ["地址", checkpoint.address || "—"], ["联系人", [customer?.contact, customer?.phone].filter(Boolean).join(" ") || "—"], ["围栏", `${checkpoint.radius_m} 米`],
      ["任务", tasks.length > 0 ? tasks.map((task) => `${shortDay(task.due_on)}前${task.is_overdue ? "（已逾期）" : ""}`).join("、") : "目前没有到期的任务"]].map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

// Where he stands, in one sentence, and the button that fits.
function judge(app, checkpoint, presence, place, actions) {
  const { scanned, tasks } = presence;
  const scanButton = h("a", { class: "button primary", href: `#/scan/${checkpoint.id}` }, icon("phone"), "扫描二维码牌");
  if (checkpoint.state === "unbound" || placeOf(checkpoint) === null) return judgeUnbound(app, checkpoint, scanned, scanButton, place, actions);
  const judged = presence.now();
  const [words, looks] = headline(judged);
  place.dataset.verdict = judged.code;
  show(
    place,
    h("p", { class: looks }, words),
    h("p", { data: { source: judged.isServers ? "server" : "phone" } }, judged.sentence),
    tasks.length === 0 && h("p", {}, "这个检查点目前没有到期的任务：可以检查，但不计入任务（nothing_due）"),
    scanned?.reason && h("p", {}, `二维码牌未扫描，手工输入编号（${scanned.reason}）：提交后由上级决定是否计入（qr_manual）`),
    accuracyLine(app),
  );
  if (!scanned) return offer(actions, "scan", () => scanButton);
  return offer(actions, `begin ${judged.mayStart}`, () => h("button", { type: "button", class: "primary", disabled: !judged.mayStart, onclick: (event) => begin(app, presence, event.target) }, judged.mayStart ? "开始检查" : "请到检查点再开始"));
}

// What stays the same stays where it is: a button that is made anew under the finger hears no tap.
function offer(place, key, make) {
  if (place.dataset.offered === key) return;
  place.dataset.offered = key;
  show(place, make());
}

function judgeUnbound(app, checkpoint, scanned, scanButton, place, actions) {
  const { length } = onTheSpot(app, scanned);
  show(place, h("p", {}, `检查点尚未绑定位置：请站在二维码牌前，采集至少 ${BINDING_FIXES} 次定位并拍摄二维码牌（unbound）`), scanned?.reason && h("p", { class: "trouble" }, "绑定位置须扫描二维码牌，不能手工输入（bind_needs_scan）"), h("p", {}, `已定位 ${length} 次`), accuracyLine(app));
  if (!scanned || scanned.reason) return offer(actions, "scan", () => scanButton);
  return offer(actions, `bind ${length >= BINDING_FIXES}`, () => h("button", { type: "button", class: "primary", disabled: length < BINDING_FIXES, onclick: () => bind(app, checkpoint, scanned) }, "绑定位置"));
}

function accuracyLine(app) {
  if (app.position.trouble) return h("p", { class: "trouble", role: "alert" }, app.position.trouble.sentence);
  const fix = app.position.fix();
  return h("p", { class: "faint" }, fix === null ? "正在定位…" : `定位精度约 ${Math.round(fix.acc)} 米，${Math.round(fix.age_s)} 秒前`);
}

// The scan of this checkpoint's plate, while it is fresh enough to begin a visit with.
function scannedOf(checkpoint) {
  const scanned = JSON.parse(sessionStorage.getItem("xunji.scanned"));
  return scanned?.id === checkpoint.id && Date.now() - scanned.at < SCAN_LIVES_MS ? scanned : null;
}

// The server is asked once more where it can be: what it refuses does not begin; what it cannot hear is judged later.
async function begin(app, presence, button) {
  button.disabled = true;
  if ((await presence.last()).mayStart) await open(app, presence);
  button.disabled = false;
}

async function open(app, presence) {
  const { checkpoint, scanned, tasks: [task] } = presence;
  const at = Date.now();
  const fixes = app.position.fixes(at);
  const known = await app.visits.lastOf(checkpoint.id);
  const goesOn = known !== undefined && (isThisVisit(known, task, at) || (await chosen(known)));
  if (goesOn === null) return;
  const draft = goesOn ? known : await begun(app, { checkpoint, task, scanned, fixes, isWeak: presence.isWeak(fixes), at });
  if (draft === null) return;
  sessionStorage.removeItem("xunji.scanned");
  app.go(`visit/${draft.id}`);
}

async function begun(app, visit) {
  const templateVersionId = visit.task?.template_version_id ?? (await formFor(app, visit.checkpoint));
  return templateVersionId && kept(() => app.visits.begin({ ...visit, templateVersionId }));
}

const isThisVisit = (draft, task, at) => draft.task_id === (task?.id ?? null) && dayOf(draft.scan.at) === dayOf(at);

// Whether he goes on with an earlier visit, which counts for the day and the task of its own scan; null: neither.
async function chosen(draft) {
  const earlier = instant(draft.scan.at);
  const data = await ask({
    title: "这个检查点还有未提交的检查",
    content: [
      h("p", {}, `${earlier} 扫码的检查还没有提交。继续它，按当时的时间和任务计入；另起一次，按本次扫码计入，原来的仍保留在首页。`),
      field("选择", h("select", { name: "which" }, h("option", { value: "new" }, "按本次扫码另起一次检查"), h("option", { value: "earlier" }, `继续 ${earlier} 的检查`))),
    ],
  });
  return data && data.get("which") === "earlier";
}

// The positions since the plate was scanned: those of the way there would draw the checkpoint away from its plate.
const onTheSpot = (app, scanned, at = Date.now()) => app.position.fixes(at).filter((fix) => scanned && at - fix.age_s * 1000 >= scanned.at - FRESH_MS);

// The first binding: fixes on the spot and the photo of the mounted plate; a manager may have to confirm it.
async function bind(app, checkpoint, scanned) {
  const made = await takePhoto(app, ["二维码牌", checkpoint.name]);
  if (made === null) return;
  const at = Date.now();
  const fixes = onTheSpot(app, scanned, at);
  const photo = { made, fix: app.position.fix(at), at };
  const bound = await kept(async () => app.visits.bind(checkpoint, { qr: scanned.qr, fixes, photo, about: await app.nameOf(checkpoint) }));
  if (bound === null) return;
  notify("绑定已保存，将随下次同步上传");
  app.runner.run();
  app.go("");
}

async function unmet(app, checkpoint, task) {
  const about = await app.nameOf(checkpoint);
  const select = h("select", { name: "reason" }, h("option", { value: "unmet" }, "上门未遇"), h("option", { value: "refused" }, "拒绝检查"));
  const done = await ask({
    title: "记录未完成的上门",
    content: [field("情况", select), field("说明", h("textarea", { name: "note", maxlength: 500 }))],
    submit: (data) => app.visits.unmet(checkpoint, { reason: data.get("reason"), note: data.get("note") || null, task, fixes: app.position.fixes(), about }),
  });
  if (done === null) return;
  notify("已保存，将随下次同步上传；任务仍须完成");
  app.runner.run();
}
