// One checkpoint: where it is, how far, whether he is there, and what he may do now.

import { ask, field } from "../../shell/dialog.js";
import { h, icon, show } from "../../shell/dom.js";
import { day, distance } from "../../shell/format.js";
import { empty, notify } from "../../shell/states.js";
import { placeOf } from "../app.js";
import { decide } from "../rules/fence.js";
import { takePhoto } from "../parts/capture.js";

const BINDING_FIXES = 3;
const SCAN_LIVES_MS = 600_000;
const ACCEPTED = ["inside", "indeterminate"];

export async function point(app, place, id) {
  const checkpoint = await app.mirror.find("checkpoint", id);
  if (checkpoint === null) return show(place, empty("手机上没有这个检查点，请联网同步后再试"), h("a", { class: "button", href: "#/" }, "返回"));
  const [customer, tasks] = await Promise.all([app.mirror.find("customer", checkpoint.customer_id), app.tasksOf(id)]);
  const presence = h("div", { class: "presence", role: "status" });
  const actions = h("p", { class: "buttons" });
  show(
    place,
    h("h1", {}, customer?.name ?? checkpoint.name),
    h("section", { class: "card" }, h("h2", {}, checkpoint.name), facts(checkpoint, customer, tasks), navigation(app, checkpoint)),
    presence,
    actions,
    h("p", { class: "buttons" }, h("a", { class: "button", href: "#/" }, "返回"), h("button", { type: "button", onclick: () => unmet(app, checkpoint, tasks[0]) }, "上门未遇或被拒")),
  );
  const refresh = () => { judge(app, checkpoint, tasks, presence, actions); };
  refresh();
  app.position.addEventListener("change", refresh);
  const timer = setInterval(refresh, 5000);
  return () => { clearInterval(timer); app.position.removeEventListener("change", refresh); };
}

const facts = (checkpoint, customer, tasks) =>
  h(
    "dl",
    { class: "facts" },
    [["编号", checkpoint.code], ["地址", checkpoint.address || "—"], ["联系人", [customer?.contact, customer?.phone].filter(Boolean).join(" ") || "—"], ["围栏", `${checkpoint.radius_m} 米`],
      ["任务", tasks.length > 0 ? tasks.map((task) => `${day(task.due_on)} 前`).join("、") : "目前没有到期的任务"]].map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

// Where he stands, in one sentence, and the button that fits.
function judge(app, checkpoint, tasks, presence, actions) {
  const centre = placeOf(checkpoint);
  const fixes = app.position.fixes();
  const scanned = scannedOf(checkpoint);
  const scanButton = h("a", { class: "button primary", href: `#/scan/${checkpoint.id}` }, icon("phone"), "扫描二维码牌");
  if (checkpoint.state === "unbound" || centre === null) {
    show(presence, h("p", {}, `检查点尚未绑定位置：请站在二维码牌前，采集至少 ${BINDING_FIXES} 次定位并拍摄二维码牌（unbound）`), accuracyLine(app));
    return show(actions, scanned ? h("button", { type: "button", class: "primary", disabled: fixes.length < BINDING_FIXES, onclick: () => bind(app, checkpoint, scanned) }, `绑定位置（已定位 ${fixes.length} 次）`) : scanButton);
  }
  const judged = decide(fixes, centre, checkpoint.radius_m);
  const isRight = ACCEPTED.includes(judged.verdict);
  presence.dataset.verdict = judged.verdict;
  show(presence, h("p", { class: isRight ? "right" : "wrong" }, headline(judged)), h("p", {}, detail(judged, checkpoint)), accuracyLine(app));
  if (!scanned) return show(actions, scanButton);
  return show(actions, h("button", { type: "button", class: "primary", disabled: !isRight, onclick: () => begin(app, checkpoint, tasks[0], scanned) }, isRight ? "开始检查" : "请到检查点再开始"));
}

const headline = ({ verdict }) => (ACCEPTED.includes(verdict) ? "检查点正确" : verdict === "outside" ? "位置不对，无法检查" : "暂时无法确认位置");

function detail({ verdict, distance_m: far, accuracy_m: accuracy }, checkpoint) {
  const metres = `距检查点约 ${distance(far ?? 0)}`;
  const sentences = {
    inside: `${metres}，在 ${checkpoint.radius_m} 米范围内`,
    indeterminate: `${metres}，定位精度约 ${Math.round(accuracy)} 米，无法确认在范围内：请补拍二维码牌和一项现场证明，本次将复核`,
    outside: `${metres}，超出 ${checkpoint.radius_m} 米范围，请到达现场后再检查`,
    too_coarse: `定位精度约 ${Math.round(accuracy)} 米，过于粗略，请移至开阔处或稍候再试`,
    stale: "没有有效的最新定位，请打开定位并稍候",
    mock: "检测到模拟定位，请关闭模拟定位软件后重试",
  };
  return `${sentences[verdict]}（${verdict}）`;
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

async function begin(app, checkpoint, task, scanned) {
  const templateVersionId = task?.template_version_id ?? (await app.newestVersion())?.id;
  if (!templateVersionId) return notify("手机上还没有检查表，请联网同步后再开始（template_missing）", "bad");
  const at = Date.now();
  const draft = await app.visits.begin({ checkpoint, task, templateVersionId, qr: scanned.qr, fixes: app.position.fixes(at), at });
  sessionStorage.removeItem("xunji.scanned");
  return app.go(`visit/${draft.id}`);
}

// The first binding: fixes on the spot and the photo of the mounted plate; a manager may have to confirm it.
async function bind(app, checkpoint, scanned) {
  const made = await takePhoto(app, ["二维码牌", checkpoint.name]);
  if (made === null) return;
  const at = Date.now();
  const photo = await app.visits.addMedium("", { item: null, kind: "photo", made, fix: app.position.fix(at), at });
  await app.visits.bind(checkpoint, { qr: scanned.qr, fixes: app.position.fixes(at), photo });
  notify("绑定已保存，将随下次同步上传");
  app.runner.run();
  app.go("");
}

async function unmet(app, checkpoint, task) {
  const select = h("select", { name: "reason" }, h("option", { value: "unmet" }, "上门未遇"), h("option", { value: "refused" }, "拒绝检查"));
  const done = await ask({
    title: "记录未完成的上门",
    content: [field("情况", select), field("说明", h("textarea", { name: "note", maxlength: 500 }))],
    submit: (data) => app.visits.unmet(checkpoint, { reason: data.get("reason"), note: data.get("note") || null, task, fixes: app.position.fixes() }),
  });
  if (done === null) return;
  notify("已保存，将随下次同步上传；任务仍须完成");
  app.runner.run();
}

// Links to the map apps: what the server made of the place, or the phone's own map while offline.
function navigation(app, checkpoint) {
  const place = h("p", { class: "buttons" });
  const centre = placeOf(checkpoint);
  if (centre === null) return place;
  const isApple = /iPhone|iPad/.test(navigator.userAgent);
  app
    .ask(`/checkpoints/${checkpoint.id}`)
    .then(({ navigation: links }) => links && show(place, link("百度导航", isApple ? links.baidu_ios : links.baidu_android), link("高德导航", isApple ? links.amap_ios : links.amap_android)))
    .catch(() => show(place, link("地图导航", `geo:${centre.lat},${centre.lon}?q=${centre.lat},${centre.lon}(${encodeURIComponent(checkpoint.name)})`)));
  return place;
}

const link = (words, href) => h("a", { class: "button", href, rel: "noreferrer" }, words);
