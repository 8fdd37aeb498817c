// A record as whoever decides about it reads it: what was found, where the officer was, the answers, the photos.

import { sections, typed } from "../shell/answers.js";
import { get } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { instant, NOTHING } from "../shell/format.js";
import { drawing } from "./sketch.js";

const KINDS = { photo: "图片", video: "视频", audio: "语音", signature: "签名" };

// The record with its form, in two questions.
export async function load(id) {
  const [record, { definition }] = await Promise.all([get(`/inspections/${id}`), get(`/inspections/${id}/form`)]);
  return { record, definition };
}

export const facts = (pairs) => h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== false).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value || NOTHING)]));

// One side of a comparison: a heading and what stands below it.
export const side = (title, ...content) => h("section", { class: "side" }, h("h3", {}, title), content);

// What was found and where, side by side; then the answers, folded, and the photos. `more` are further facts.
export function shown({ record, definition }, more = []) {
  const judged = record.judgement ?? {};
  return [
    h(
      "div",
      { class: "sides" },
      side(
        "检查记录",
        facts([
          ["企业", record.snapshot?.customer_name ?? null],
          ["检查点", record.checkpoint_name],
          ["检查人", record.officer_name],
          ["检查时间", instant(record.performed_at)],
          judged.manual ? ["二维码牌", typed(judged.manual)] : ["", null],
          ["提交时间", instant(record.submitted_at)],
          ["结论", conclusion(record, definition)],
          ["距检查点", judged.distance_m ? `${Math.round(judged.distance_m)} 米${judged.radius_m ? `（围栏 ${judged.radius_m} 米）` : ""}` : "没有可用定位"],
          ...more,
          record.note ? ["备注", record.note] : ["", null],
        ]),
      ),
      record.sketch && side("位置", drawing(record.sketch, "检查时的位置")),
    ),
    photos(record.media),
    h("details", {}, h("summary", {}, "全部填写内容"), sections(definition, record.answers ?? {}, (label, pairs) => [h("h3", {}, label), facts(pairs)])),
  ];
}

function conclusion(record, definition) {
  const item = definition.items.find((each) => each.key === "conclusion");
  return item?.options?.find((each) => each.code === record.conclusion)?.label ?? record.conclusion;
}

function photos(media = []) {
  const seen = media.filter((medium) => medium.kind === "photo" && medium.status === "stored");
  const others = media.filter((medium) => !seen.includes(medium)).map((medium) => `${KINDS[medium.kind] ?? medium.kind}${medium.status === "stored" ? "" : "（未上传）"}`);
  return [
    seen.length > 0 && h("ul", { class: "thumbs" }, seen.map((medium) => h("li", {}, thumbnail(medium.id)))),
    others.length > 0 && h("p", { class: "faint" }, `另有：${others.join("、")}`),
  ];
}

// A photo small; a tap opens the original, which the server notes.
export const thumbnail = (id) =>
  h("a", { href: `/api/v1/media/${id}/original`, target: "_blank", rel: "noopener" }, h("img", { src: `/api/v1/media/${id}/thumbnail`, alt: "现场图片，点按查看原图", loading: "lazy", onerror: (event) => event.target.replaceWith("查看原图（没有缩略图）") }));
