// The officer's phone: who is there, his device, and the views between which he moves. Everything works offline.

import { send } from "../shell/api.js";
import { h, icon, show } from "../shell/dom.js";
import { failed, loading } from "../shell/states.js";
import { App } from "./app.js";
import { canSign } from "./device/identity.js";
import { whoIsThere } from "./officer.js";
import { alerts } from "./views/alerts.js";
import { day } from "./views/day.js";
import { outbox } from "./views/outbox.js";
import { paper, papers } from "./views/papers.js";
import { point } from "./views/point.js";
import { scan } from "./views/scan.js";
import { visit } from "./views/visit.js";

const VIEWS = { "": day, scan, point, visit, outbox, papers, paper, alerts };
const TABS = [
  { path: "", title: "今日", icon: "desk" },
  { path: "scan", title: "扫码", icon: "phone" },
  { path: "papers", title: "明白纸", icon: "download" },
  { path: "alerts", title: "预警", icon: "warning" },
  { path: "outbox", title: "待传", icon: "refresh" },
];

async function begin() {
  const main = h("main", { id: "main", tabindex: "-1" }, loading());
  document.body.append(main);
  const { officer, problem } = await whoIsThere();
  if (officer === null) return problem.status === 401 ? location.assign("/login?next=/m") : show(main, failed(problem, () => location.reload()));
  if (!(await canSign())) return show(main, unable());
  navigator.serviceWorker?.register("/m/worker.js", { scope: "/m" });
  const app = await App.open(officer, (method, path, options) => send(method, path, { ...options, here: true }));
  frame(app, main);
  app.position.begin();
  await route(app, main);
  addEventListener("hashchange", () => route(app, main));
  app.runner.begin();
  return navigator.storage?.persist?.();
}

const unable = () =>
  h("div", { class: "card" }, h("h1", {}, "此浏览器不能用于现场检查"), h("p", {}, "本机须保存一把只在本机使用的签名密钥，此浏览器或此地址不支持（key_unsupported）。请用 https 地址，并将 Chrome、Edge 或 Safari 升级到 2025 年之后的版本。"));

// The bar with the officer and the state of the synchronisation, and the tabs at the thumb.
function frame(app, main) {
  const state = h("button", { type: "button", class: "sync", onclick: () => app.runner.run() });
  const refresh = () => show(state, h("span", { class: `dot ${app.runner.state}` }), app.runner.sentence, app.runner.state === "login" && h("a", { href: "/login?next=/m" }, "重新登录"));
  app.runner.addEventListener("change", refresh);
  refresh();
  main.before(
    h("header", { class: "bar" }, h("p", { class: "brand" }, h("strong", {}, "巡迹"), h("span", {}, app.officer.name)), h("a", { href: "/account" }, icon("person"), h("span", { class: "unseen" }, "我的账户"))),
    h("div", { class: "status", role: "status" }, state),
  );
  main.after(h("nav", { class: "tabs", "aria-label": "页面" }, TABS.map((tab) => h("a", { href: `#/${tab.path}`, data: { tab: tab.path } }, icon(tab.icon), h("span", {}, tab.title)))));
}

let leave = null;

async function route(app, main) {
  leave?.();
  leave = null;
  const [name = "", ...parameters] = location.hash.replace(/^#\//, "").split("/");
  for (const tab of document.querySelectorAll(".tabs a")) tab.toggleAttribute("aria-current", tab.dataset.tab === name);
  const view = VIEWS[name] ?? day;
  const place = h("div", { class: "view" });
  show(main, place);
  main.focus();
  try {
    leave = (await view(app, place, ...parameters.map(decodeURIComponent))) ?? null;
  } catch (error) {
    show(place, failed(error, () => route(app, main)));
  }
}

begin();
