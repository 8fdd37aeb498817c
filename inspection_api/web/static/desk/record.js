// A record as whoever decides about it reads it: what was found, where the officer was, the answers, the evidence.

import { sections, typed } from "../shell/answers.js";
import { get } from "../shell/api.js";
import { h } from "../shell/dom.js";
import { evidence } from "../shell/evidence.js";
import { instant, NOTHING } from "../shell/format.js";
import { drawing } from "./sketch.js";

// The record with its form, in two questions.
export async function load(id) {
  const [record, { definition }] = await Promise.all([get(`/inspections/${id}`), get(`/inspections/${id}/form`)]);
  return { record, definition };
}

export const facts = (pairs) => h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== false).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value || NOTHING)]));

// One side of a comparison: a heading and what stands below it.
export const side = (title, ...content) => h("section", { class: "side" }, h("h3", {}, title), content);

// What was found and where, side by side; then the answers, folded, and the evidence. `more` are further facts.
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
    evidence(record.media),
    h("details", {}, h("summary", {}, "全部填写内容"), sections(definition, record.answers ?? {}, (label, pairs) => [h("h3", {}, label), facts(pairs)])),
  ];
}

function conclusion(record, definition) {
  const item = definition.items.find((each) => each.key === "conclusion");
  return item?.options?.find((each) => each.code === record.conclusion)?.label ?? record.conclusion;
}
