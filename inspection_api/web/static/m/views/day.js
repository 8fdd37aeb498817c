// My day: what is open by due date and then distance, and the visits that were begun. Everything from the phone itself.

import { h, icon, show } from "../../shell/dom.js";
import { distance, instant, shortDay } from "../../shell/format.js";
import { empty } from "../../shell/states.js";
import { warnings } from "../parts/room.js";
import { renew } from "../parts/still.js";

const KINDS = { regular: "定期检查", initial: "首次检查", exit: "退出检查", campaign: "专项检查" };
const MOST = 60;

export async function day(app, place) {
  const list = h("div", { class: "stack" });
  show(place, h("h1", {}, "今日任务"), h("p", { class: "buttons" }, h("a", { class: "button primary wide", href: "#/scan" }, icon("phone"), "扫码检查")), list);
  const draw = async (put) => put(list, await content(app));
  const refresh = () => draw(renew);
  await draw(show);
  app.runner.addEventListener("change", refresh);
  const timer = setInterval(refresh, 15_000);
  return () => { clearInterval(timer); app.runner.removeEventListener("change", refresh); };
}

async function content(app) {
  const [tasks, drafts, points, waiting, cursor, cut] = await Promise.all([app.openTasks(), app.visits.all(), app.mirror.all("checkpoint"), app.client.outbox.waiting(), app.mirror.cursor(), app.recordings.interrupted()]);
  if (await app.mirror.isWiped()) return wiped(drafts);
  const due = tasks.filter((task) => task.period_start <= app.today());
  const later = tasks.length - due.length;
  return [
    drafts.length + waiting > 0 && (await warnings()),
    drafts.length > 0 && h("section", { class: "card" }, h("h2", {}, "未提交的检查"), h("ul", {}, drafts.map((draft) => begun(draft, points, cut.some((each) => each.draft_id === draft.id))))),
    due.length === 0 && empty(cursor === null && app.runner.state === "unapproved" ? "任务在本手机获批准后自动下载" : "目前没有到期的任务"),
    h("ul", { class: "stack" }, due.slice(0, MOST).map(row)),
    due.length > MOST && h("p", { class: "faint" }, `另有 ${due.length - MOST} 项任务，完成前面的后显示`),
    later > 0 && h("p", { class: "faint" }, `下一周期另有 ${later} 项任务`),
  ];
}

const wiped = (drafts) =>
  h(
    "section",
    { class: "card care" },
    h("p", {}, "本手机已被停用，任务和客户资料已从手机上清除（device_revoked）"),
    drafts.length > 0 && h("p", {}, `未提交的检查 ${drafts.length} 次不能再继续填写，也不会上传；已填写的内容仍留在手机上，需要时请联系管理员：`),
    drafts.length > 0 && h("ul", { class: "listed" }, drafts.map((draft) => h("li", {}, `${instant(draft.scan.at)} 扫码`))),
  );

const begun = (draft, points, isCut) =>
  h("li", { class: "row spread" }, h("span", {}, points.find((each) => each.id === draft.checkpoint_id)?.name ?? "检查点", h("small", { class: "faint" }, ` ${instant(draft.scan.at)} 扫码`), isCut && h("small", { class: "trouble" }, " 有中断的录制待处理")), h("a", { class: "button", href: `#/visit/${draft.id}` }, "继续填写"));

const row = (task) =>
  h(
    "li",
    { class: "card task" },
    h(
      "a",
      { href: `#/point/${task.checkpoint.id}` },
      h("strong", {}, task.customer?.name ?? task.checkpoint.name),
      h("span", { class: "faint" }, `${task.checkpoint.name} · ${task.checkpoint.address || "无地址"}`),
      h(
        "span",
        { class: "row tight" },
        h("span", { class: "badge" }, KINDS[task.kind] ?? "检查"),
        h("span", { class: `badge ${task.is_overdue ? "bad" : "care"}` }, task.is_overdue ? `逾期 · ${shortDay(task.due_on)}` : `${shortDay(task.due_on)}前`),
        task.checkpoint.state === "unbound" && h("span", { class: "badge" }, "未绑定位置"),
        task.distance_m !== null && h("span", { class: "far" }, distance(task.distance_m)),
      ),
    ),
  );
