// What every page starts with: who is there, the bar with his pages, a main part for the page, a line while offline.

import { get, remove } from "./api.js";
import { h, icon, show } from "./dom.js";
import { pagesOf } from "./pages.js";
import { failed, loading, notify } from "./states.js";

// Load who is there, build the frame, and hand its main part and him to `render(main, me)`. The main part is busy until
// the page stands, so that neither a screen reader nor a test takes the empty frame for the page.
export async function start(title, render) {
  const main = h("main", { id: "main", tabindex: "-1", "aria-busy": "true" }, loading());
  const bar = h("header", { class: "bar" }, brand(title));
  document.body.append(h("a", { class: "skip", href: "#main" }, "跳到正文"), bar, offlineLine(), main);
  try {
    const me = await get("/me");
    bar.append(menu(me));
    await render(show(main), me);
  } catch (error) {
    if (error.status !== 401) show(main, failed(error, () => location.reload()));
  } finally {
    main.removeAttribute("aria-busy");
  }
}

export async function logOut() {
  try {
    await remove("/sessions/current", { here: true });
  } catch (error) {
    if (error.status !== 401) return notify(error.sentence, "bad");
  }
  location.assign("/login");
}

const brand = (title) => h("p", { class: "brand" }, h("strong", {}, "巡迹"), h("span", {}, title));

function menu(me) {
  const links = pagesOf(me).map((page) =>
    h("a", { href: page.path, "aria-current": page.path === location.pathname && "page" }, icon(page.icon), h("span", {}, page.title)),
  );
  return h(
    "nav",
    { "aria-label": "页面" },
    links,
    h("span", { class: "who" }, me.user?.name),
    h("button", { type: "button", class: "quiet", onclick: logOut }, icon("leave"), h("span", {}, "退出")),
  );
}

function offlineLine() {
  const line = h("p", { class: "offline", role: "status", hidden: navigator.onLine }, "当前没有网络");
  const refresh = () => { line.hidden = navigator.onLine; };
  window.addEventListener("online", refresh);
  window.addEventListener("offline", refresh);
  return line;
}
