// Room on the phone: the sentence where there is none left, and warnings before the browser throws anything away.

import { h } from "../../shell/dom.js";
import { size } from "../../shell/format.js";
import { notify } from "../../shell/states.js";
import { FULL, isFull } from "../device/full.js";

const NEARLY = 0.9;

// What `save` resolves to; on a full phone its sentence and null, and nothing that was kept before is lost.
export async function kept(save) {
  try {
    return await save();
  } catch (error) {
    if (!isFull(error)) throw error;
    notify(FULL, "bad");
    return null;
  }
}

// Warnings where the browser may throw the data away by itself, or will soon take no more.
export async function warnings() {
  const [isKept, { usage = 0, quota = 0 } = {}] = await Promise.all([navigator.storage?.persisted?.(), navigator.storage?.estimate?.()]);
  return [
    isKept === false && h("p", { class: "card care" }, "浏览器未承诺长期保存数据（无痕窗口关闭后会全部清除）：请用普通窗口打开、把本页添加到手机主屏幕，并尽快联网上传（storage_not_persistent）"),
    quota > 0 && usage > NEARLY * quota && h("p", { class: "card care" }, `手机空间即将用完（已用 ${size(usage)}）：请尽快联网上传（storage_nearly_full）`),
  ];
}
