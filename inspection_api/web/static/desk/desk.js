// The supervisor's desk: what waits for me, my team's open tasks and phones, what I was told. The address says which of them is open.
//
// Which decisions there are, whether I may take them and what they mean, the server says; this page shows and sends.

import { get } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { rolesOf } from "../shell/pages.js";
import { start } from "../shell/shell.js";
import { takeTurn } from "../shell/states.js";
import { inbox } from "./inbox.js";
import { phones } from "./phones.js";
import { queue } from "./queue.js";
import { team } from "./team.js";

const HANDING = ["province_manager", "branch_manager", "sub_branch_manager"];
const ENROLLING = ["branch_manager", "sub_branch_manager"];
const VIEWS = [
  { hash: "", title: "待我处理", show: queue },
  { hash: "#team", title: "组内任务", show: (place) => team(place), roles: HANDING },
  { hash: "#phones", title: "组内手机", show: (place) => phones(place), roles: ENROLLING },
  { hash: "#inbox", title: "消息", show: inbox },
];

const count = (place, number) => {
  place.hidden = number === 0;
  place.textContent = number > 99 ? "99+" : String(number);
};

start("待办审批", (main, me) => {
  const place = h("div", { class: "stack" });
  const views = VIEWS.filter((view) => !view.roles || view.roles.some((role) => rolesOf(me).includes(role)));
  const tabs = views.map((view) => ({ ...view, number: h("span", { class: "badge", hidden: true }) }));
  const links = tabs.map((tab) => h("a", { class: "button", href: tab.hash || "#" }, tab.title, tab.number));
  main.append(h("h1", {}, "待办审批"), h("nav", { class: "row tabs", "aria-label": "待办、任务、手机与消息" }, links), place);
  const counting = (tab) => () => {
    const isLatest = takeTurn(tab.number);
    return (number) => { if (isLatest()) count(tab.number, number); };
  };
  const open = () => {
    const at = Math.max(0, tabs.findIndex((tab) => tab.hash === location.hash));
    links.forEach((link, index) => (index === at ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current")));
    return tabs[at].show(place, counting(tabs[at]));
  };
  addEventListener("hashchange", open);
  const told = tabs.find((tab) => tab.show === inbox);
  const unreadIs = counting(told)();
  get("/inbox/counts").then(({ unread }) => unreadIs(unread), () => {}); // the number is told again where it matters
  return open();
});
