// A phone that several officers use: whose data still waits on it, so that nobody clears it away. How much it is, never what.

import { h, show } from "../../shell/dom.js";
import { Store } from "../device/store.js";
import { namesOnThisPhone, storeName } from "../officer.js";

const UNSENT = ["waiting", "aside"];

export async function tellColleagues(officer, place) {
  const others = Object.entries(await namesOnThisPhone()).filter(([store]) => store !== storeName(officer));
  const found = await Promise.all(others.map(async ([store, name]) => told(name, await unsentIn(store))));
  show(place, found);
}

function told(name, { ops, media, drafts }) {
  const parts = [ops > 0 && `未上传的记录 ${ops} 条`, media > 0 && `未上传的资料 ${media} 个`, drafts > 0 && `未提交的检查 ${drafts} 次`].filter(Boolean);
  return parts.length > 0 && h("p", { class: "card care" }, `本手机上还有${name}的${parts.join("、")}：请${name}登录后联网上传，在此之前请勿清除浏览器数据（others_unsent）`);
}

async function unsentIn(name) {
  const store = await Store.open(name);
  try {
    return await store.read(["op", "medium", "draft"], async (tx) => {
      const waiting = async (kind) => (await Promise.all(UNSENT.map((state) => tx.count(kind, "state", state)))).reduce((one, other) => one + other);
      return { ops: await waiting("op"), media: await waiting("medium"), drafts: await tx.count("draft") };
    });
  } finally {
    store.close();
  }
}
