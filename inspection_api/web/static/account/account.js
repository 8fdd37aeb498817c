// Who I am, the sessions that I left open, and the way to end them.

import { all, get, remove } from "../shell/api.js";
import { ask } from "../shell/dialog.js";
import { h } from "../shell/dom.js";
import { instant, ROLES } from "../shell/format.js";
import { logOut, start } from "../shell/shell.js";
import { fill, notify } from "../shell/states.js";

start("我的账户", async (main, me) => {
  const places = await organisationsOf(me);
  const sessions = h("div", {});
  main.append(
    h("h1", {}, "我的账户"),
    h(
      "section",
      { class: "card" },
      h("h2", {}, me.user.name),
      h("dl", { class: "facts" }, h("dt", {}, "用户名"), h("dd", {}, me.user.username), me.assignments.map((held) => duty(held, places))),
    ),
    h(
      "section",
      { class: "card" },
      h("h2", {}, "登录记录"),
      h("p", { class: "faint" }, "以下登录目前有效。如有不认识的登录或遗失了手机，请将其结束。"),
      sessions,
      h(
        "p",
        { class: "buttons" },
        h("button", { type: "button", onclick: logOut }, "退出登录"),
        h("button", { type: "button", class: "danger", onclick: logOutEverywhere }, "退出所有设备"),
      ),
    ),
  );
  const refresh = () => fill(sessions, () => listed(refresh));
  refresh();
});

async function organisationsOf(me) {
  if (me.assignments.length === 0) return new Map();
  const ids = new Set(me.assignments.map((held) => held.organisation_id));
  const { items } = await all("/organisations");
  return new Map(items.filter((place) => ids.has(place.id)).map((place) => [place.id, place.name]));
}

const duty = (held, places) => [h("dt", {}, ROLES[held.role]), h("dd", {}, places.get(held.organisation_id) || "")];

async function listed(refresh) {
  const { items } = await get("/sessions", { limit: 200 });
  return h(
    "ul",
    { class: "sessions" },
    items.map((session) =>
      h(
        "li",
        { class: "row spread" },
        h("div", {}, h("p", {}, h("strong", {}, session.client)), h("p", { class: "faint" }, `${instant(session.created_at)} 登录，${instant(session.expires_at)} 到期`)),
        session.is_current
          ? h("span", { class: "badge good" }, "本次登录")
          : h("button", { type: "button", onclick: () => end(session.id, refresh), "aria-label": `结束 ${session.client} ${instant(session.created_at)} 的登录` }, "结束"),
      ),
    ),
  );
}

async function end(id, refresh) {
  try {
    await remove(`/sessions/${id}`);
  } catch (error) {
    if (error.status !== 404) return notify(error.sentence, "bad"); // 404: it has ended by itself meanwhile
  }
  notify("该登录已结束");
  return refresh();
}

async function logOutEverywhere() {
  const done = await ask({
    title: "退出所有设备？",
    content: h("p", {}, "所有手机和电脑上的登录立即失效，包括本页。手机上尚未上传的数据不会丢失。"),
    confirm: "全部退出",
    danger: true,
    submit: async () => { await remove("/sessions", { here: true }); return true; },
  });
  if (done) location.assign("/login");
}
