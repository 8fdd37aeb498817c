// The officer's phone: who is there, his device, and the views between which he moves. Everything works offline.

import { send } from "../shell/api.js";
import { h, icon, show } from "../shell/dom.js";
import { failed, loading, notify } from "../shell/states.js";
import { App } from "./app.js";
import { FULL, isFull } from "./device/full.js";
import { canSign } from "./device/identity.js";
import { storeName, whoIsThere } from "./officer.js";
import { tellColleagues } from "./parts/colleagues.js";
import { outwards } from "./parts/leaving.js";
import { renew } from "./parts/still.js";
import { SENTENCES } from "./runner.js";
import { alerts } from "./views/alerts.js";
import { beginning } from "./views/beginning.js";
import { day } from "./views/day.js";
import { outbox } from "./views/outbox.js";
import { paper, papers } from "./views/papers.js";
import { point } from "./views/point.js";
import { scan } from "./views/scan.js";
import { visit } from "./views/visit.js";

const VIEWS = { "": day, scan, point, visit, outbox, papers, paper, alerts };
// A tab with `roles` is theirs alone: who inspects need not be who may print.
const TABS = [
  { path: "", title: "今日", icon: "desk" },
  { path: "scan", title: "扫码", icon: "phone" },
  { path: "papers", title: "明白纸", icon: "download", roles: ["loan_officer", "sub_branch_manager", "branch_manager"] },
  { path: "alerts", title: "预警", icon: "warning" },
  { path: "outbox", title: "待传", icon: "refresh" },
];

async function begin() {
  const main = h("main", { id: "main", tabindex: "-1" }, loading());
  document.body.append(main);
  addEventListener("unhandledrejection", tellUnexpected);
  try {
    await open(main);
  } catch (error) {
    if (error.name === "VersionError") return tellOutdated();
    console.error(error);
    return show(main, card("无法在本机打开数据", "浏览器不允许本页保存数据（可能是无痕窗口、禁用了网站数据，或手机空间已满），因此不能用于现场检查。请用普通窗口打开，或清理手机空间后重试（storage_unavailable）。"));
  }
}

// Whatever nobody foresaw is told, too: a button that does nothing leaves him alone with it.
function tellUnexpected(event) {
  if (isFull(event.reason)) event.preventDefault();
  notify(isFull(event.reason) ? FULL : event.reason?.sentence ?? "操作未能完成，已保存的内容不受影响，请重试（unexpected）", "bad");
}

const KEEPING = "正在把本页存入手机，存好之前没有网络无法打开：请保持联网（page_not_kept）";
const UNKEPT = "此浏览器不能把本页存入手机，没有网络时无法打开：请改用 Chrome、Edge 或 Safari（page_unkeepable）";

// Keeps the page's own files on the phone, so that it opens without a network; until they are there, he is told.
async function keepPage(notice) {
  const worker = navigator.serviceWorker;
  show(notice, h("p", { class: "card care" }, worker ? KEEPING : UNKEPT));
  const register = () => worker.register("/m/worker.js", { scope: "/m" }).catch(() => null);
  if (!worker) return;
  addEventListener("online", register);
  register();
  await worker.ready;
  removeEventListener("online", register);
  show(notice);
}

async function open(main) {
  const { officer, problem, told } = await whoIsThere();
  if (officer === null) return unknown(main, problem);
  if (!(await canSign())) return show(main, unable());
  main.before(bar(officer));
  const app = await App.open(officer, (method, path, options) => send(method, path, { ...options, here: true }));
  app.client.store.onended = tellOutdated;
  if (!(await app.client.hasBegun())) {
    const { problem: doubt } = await told;
    if (doubt !== null) return unknown(main, doubt);
    await beginning(app, main);
  }
  Object.assign(app.runner, { state: "busy", sentence: SENTENCES.busy }); // until the server says who is there
  addEventListener("hashchange", () => route(app, main)); // before the tabs are there: who taps at once is heard
  const { notice, others } = frame(app, main);
  keepPage(notice);
  tellColleagues(officer, others);
  app.position.begin();
  await route(app, main);
  synchroniseOnce(app, told);
  return navigator.storage?.persist?.();
}

// Nothing goes out for an officer while another one may be logged in here by now: his own page opens then.
async function synchroniseOnce(app, told) {
  const { officer } = await told;
  return storeName(officer) === storeName(app.officer) ? app.runner.begin() : location.reload();
}

// Nobody who has begun here: he logs in, or waits for the network.
const unknown = (main, problem) => (problem.status === 401 ? location.assign("/login?next=/m") : show(main, failed(problem, () => location.reload())));

const card = (title, words, again = "重试") => h("div", { class: "card" }, h("h1", {}, title), h("p", {}, words), h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => location.reload() }, again)));

// A newer version of this page has the data to itself now, or the browser took it back: here nothing is kept any more.
function tellOutdated() {
  leave?.();
  leave = null;
  show(document.body, h("main", { id: "main", role: "alert" }, card("请刷新本页", "本页已不能再保存数据：巡迹的新版本已在另一个窗口打开，或浏览器收回了存储。此前保存的内容不受本页影响，刷新后继续（page_outdated）", "刷新")));
}

const unable = () =>
  card("此浏览器不能用于现场检查", "本机须保存一把只在本机使用的签名密钥，此浏览器或此地址不支持（key_unsupported）。请用 https 地址，并将 Chrome、Edge 或 Safari 升级到 2025 年之后的版本。");

const bar = (officer) =>
  h("header", { class: "bar" }, h("p", { class: "brand" }, h("strong", {}, "巡迹"), h("span", {}, officer.name)), outwards("/account", {}, icon("person"), h("span", { class: "unseen" }, "我的账户")));

// The state of the synchronisation below the bar, and the tabs at the thumb; its place for a notice.
function frame(app, main) {
  const state = h("button", { type: "button", class: "sync", onclick: () => app.runner.run() });
  const [beside, notice, others] = ["beside", "keeping", "others"].map((name) => h("div", { class: name }));
  const refresh = () => {
    state.dataset.rounds = app.runner.rounds;
    renew(state, h("span", { class: `dot ${app.runner.state}` }), app.runner.sentence);
    renew(beside, app.runner.state === "login" && outwards("/login?next=/m", { class: "button" }, "重新登录"), app.runner.warning && h("p", { class: "card care" }, app.runner.warning));
  };
  app.runner.addEventListener("change", refresh);
  refresh();
  main.before(h("div", { class: "status", role: "status" }, state, beside, notice, others));
  const tabs = TABS.filter((tab) => !tab.roles || tab.roles.some((role) => app.officer.roles.includes(role)));
  main.after(h("nav", { class: "tabs", "aria-label": "页面" }, tabs.map((tab) => h("a", { href: `#/${tab.path}`, data: { tab: tab.path } }, icon(tab.icon), h("span", {}, tab.title)))));
  return { notice, others };
}

let leave = null;
let turns = 0;

// Show the view that the address names. One that is ready only after he has moved on is left at once, with its camera.
async function route(app, main) {
  leave?.();
  leave = null;
  const turn = ++turns;
  const [name = "", ...parameters] = location.hash.replace(/^#\//, "").split("/");
  for (const tab of document.querySelectorAll(".tabs a")) tab.toggleAttribute("aria-current", tab.dataset.tab === name);
  const view = VIEWS[name] ?? day;
  const place = h("div", { class: "view" });
  show(main, place);
  main.focus();
  try {
    const left = await view(app, place, ...parameters.map(decodeURIComponent));
    if (turn === turns) leave = left;
    else left?.();
  } catch (error) {
    show(place, failed(error, () => route(app, main)));
  }
}

begin();
