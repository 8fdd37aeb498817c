// The phones of my team that are in use, and giving one up: whoever has two may take another only then.

import { all, get, post } from "../shell/api.js";
import { ask } from "../shell/dialog.js";
import { h } from "../shell/dom.js";
import { instant, NOTHING } from "../shell/format.js";
import { further } from "../shell/lists.js";
import { empty, fill, notify } from "../shell/states.js";

const PAGE = 100;
const MOST_PEOPLE = 2000;
const MEANS = [
  "停用后不能恢复；持有人可以另登记一台手机",
  "此手机的登录立即失效，不能再下载任务",
  "此手机上还没有上传的记录，30 天内联网仍可上传，但一律隔离，由支行判定是否有效；手机还能用的，请先让持有人联网上传完再停用",
  "上传完毕后，任务和客户资料从此手机上清除",
];

// `holder` narrows the list to one person.
export function phones(place, holder = null) {
  const refresh = (chosen = holder) => phones(place, chosen);
  const asked = (cursor = null) => get("/devices", { status: "approved", user_id: holder, limit: PAGE, cursor });
  return fill(place, async () => {
    const [people, first] = await Promise.all([all("/users", {}, MOST_PEOPLE), asked()]);
    const names = new Map(people.items.map((each) => [each.id, each.name]));
    const list = h("ul", { class: "stack" });
    const add = (page) => list.append(...page.items.filter((each) => each.kind === "officer").map((each) => card(each, names.get(each.user_id) ?? NOTHING, refresh)));
    const more = further("继续加载", asked, add);
    more.take(first);
    const nothing = list.childElementCount === 0 && first.next_cursor === null;
    return [narrowing(people.items, holder, refresh), nothing ? empty("没有使用中的手机") : list, more.button];
  });
}

function narrowing(people, holder, refresh) {
  const options = people.map((each) => h("option", { value: each.id, selected: each.id === holder }, `${each.name}（${each.username}）`));
  return h(
    "div",
    { class: "row narrowing" },
    h("select", { "aria-label": "持有人", onchange: (event) => refresh(event.target.value || null) }, h("option", { value: "" }, "全部持有人"), options),
    h("p", { class: "faint" }, "待批准的手机在“待我处理”中批准或停用"),
  );
}

const card = (phone, holder, refresh) =>
  h(
    "li",
    { class: "card", data: { phone: phone.id } },
    h("p", {}, h("strong", {}, holder), ` · ${phone.name}`),
    h("p", { class: "faint" }, `${instant(phone.created_at)} 登记，${instant(phone.decided_at)} 批准`),
    h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => giveUp(phone, holder, refresh) }, "停用")),
  );

async function giveUp(phone, holder, refresh) {
  const done = await ask({
    title: `停用${holder}的“${phone.name}”？`,
    content: [h("ul", { class: "means" }, MEANS.map((words) => h("li", {}, words)))],
    confirm: "停用",
    danger: true,
    submit: () => post(`/devices/${phone.id}/revoke`),
  });
  if (done === null) return;
  notify(`已停用，${holder}可以登记另一台手机`);
  refresh();
}
