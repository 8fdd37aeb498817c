// What I was told, the newest first; opening it marks nothing, a tap marks all that was seen.

import { get, post } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { instant } from "../shell/format.js";
import { further } from "../shell/lists.js";
import { empty, fill, notify } from "../shell/states.js";

const PAGE = 50;

// What `counting` gives hears how much is unread.
export function inbox(place, counting) {
  return fill(place, async () => {
    const counted = counting();
    const [first, { unread }] = await Promise.all([get("/inbox", { limit: PAGE }), get("/inbox/counts")]);
    counted(unread);
    if (first.items.length === 0) return empty("还没有消息");
    const list = h("ul", { class: "stack" });
    const more = further("更早的消息", (cursor) => get("/inbox", { limit: PAGE, cursor }), (page) => list.append(...page.items.map(message)));
    const read = async () => { await post("/inbox/read", { until_id: first.items[0].id }); await inbox(place, counting); };
    more.take(first);
    return [h("p", { class: "buttons" }, h("button", { type: "button", disabled: unread === 0, onclick: () => read().catch((error) => notify(error.sentence, "bad")) }, "全部标为已读")), list, more.button];
  });
}

const message = (item) =>
  h(
    "li",
    { class: `card ${item.read_at ? "" : "unread"}` },
    h("p", { class: "row spread" }, h("span", {}, !item.read_at && h("span", { class: "badge" }, "未读"), " ", item.text), item.asks && !item.is_settled && h("a", { class: "button", href: "#" }, "去处理")),
    h("p", { class: "row spread faint" }, h("span", {}, [item.checkpoint_name, item.actor_name].filter(Boolean).join(" · ")), h("span", {}, instant(item.at))),
  );
