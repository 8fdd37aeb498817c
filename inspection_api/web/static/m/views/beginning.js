// Before anything is made or sent here: whether he wants to use this device for his visits.

import { h, show } from "../../shell/dom.js";
import { pagesOf } from "../../shell/pages.js";
import { failed } from "../../shell/states.js";

const MEANS = [
  "在此设备上生成一把签名密钥，密钥不会离开此设备",
  "支行管理人员批准后，此设备即可下载任务，记录才计入完成",
  "占用您两个设备名额中的一个，请用随身携带的手机",
];
const ADVICE = { device_limit: "您的两个设备名额都已占用。如需改用此设备，请先联系支行停用一台旧设备。" };

// Resolves once he has begun and the bank knows of the device; he may also leave.
export function beginning(app, place) {
  return new Promise((resolve) => {
    const trouble = h("div", {});
    const button = h("button", { type: "button", class: "primary wide", onclick: () => begin(app, button, trouble).then((done) => done && resolve()) }, "在此设备上开始使用");
    const [other] = pagesOf({ assignments: app.officer.roles.map((role) => ({ role })) }).filter((page) => page.path !== "/m");
    show(
      place,
      h(
        "section",
        { class: "card" },
        h("h1", {}, "在此设备上开始使用？"),
        h("p", {}, `${app.officer.name}，您还没有用过此设备做现场检查。开始使用意味着：`),
        h("ul", { class: "listed" }, MEANS.map((words) => h("li", {}, words))),
        isDesktop() && h("p", { class: "card care" }, "这像是一台电脑：现场检查请改用手机打开本页"),
        trouble,
        h("p", { class: "stack" }, button, h("a", { class: "button", href: other.path }, `不使用，去${other.title}`)),
      ),
    );
  });
}

const isDesktop = () => !/Mobi|Android|iPhone|iPad/.test(navigator.userAgent) && navigator.maxTouchPoints === 0;

async function begin(app, button, trouble) {
  button.disabled = true;
  show(trouble);
  try {
    await app.client.begin();
    return true;
  } catch (problem) {
    show(trouble, failed(problem), ADVICE[problem.code] && h("p", {}, ADVICE[problem.code]));
    return false;
  } finally {
    button.disabled = false;
  }
}
