// The place in the form for what a visit brings whose scan could not be made sure of: the photo of the mounted plate.

import { h } from "../../shell/dom.js";
import { weakLacks } from "../rules/weak.js";
import { mediaOf } from "./proofs.js";

const AT = "plate_photo";
const PLATE = { key: null, label: "二维码牌", kinds: ["photo"], evidence: [{ kind: "photo" }] };
const WORDS = { plate_photo: "二维码牌：还缺图片 1 个", site_proof: "现场证明：还缺图片、视频或语音 1 个" };

export const plateOf = (state) =>
  state.draft.is_weak &&
  h("section", { class: "card", data: { proof: AT } }, h("h2", { id: `label-${AT}` }, "位置待核实"), h("p", {}, "扫码时的定位无法确认在范围内：请拍摄现场安装的二维码牌，并在下方至少提供一项现场证明；本次检查将由上级复核（indeterminate）"), mediaOf(state, PLATE));

// Lines of what is missing, each with the place that it is about.
export const lackingOf = ({ draft, media }) => (draft.is_weak ? weakLacks(media).map((key) => [AT, WORDS[key]]) : []);
