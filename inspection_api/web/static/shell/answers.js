// An answer in the words of its form: which labels its codes have, in the template version's definition.

import { h } from "./dom.js";
import { day, NOTHING } from "./format.js";

const YES_NO = { true: "是", false: "否" };

// What was said, and the note beside it. An answer is an object with `value`, or the value itself.
export function said(item, answer) {
  const isObject = answer !== null && typeof answer === "object" && !Array.isArray(answer);
  return [choice(item, isObject && "value" in answer ? answer.value : answer), isObject && answer.note && h("p", { class: "faint" }, answer.note)];
}

// The answers of one record, group by group, as a list of sections; groups without an answer are left out.
export function sections(definition, answers, section) {
  return definition.groups.map((group) => {
    const items = definition.items.filter((item) => item.group === group.key && item.key in answers);
    return items.length > 0 && section(group.label, items.map((item) => [item.label, said(item, answers[item.key])]));
  });
}

// How the plate was read where no camera could: the code that was typed, and why.
export const typed = ({ text, reason }) => `未扫描，手工输入 ${text}（${reason}）`;

function choice(item, value) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (Array.isArray(value)) return value.map((each) => choice(item, each)).join("、");
  const option = item.options?.find((each) => each.code === value);
  if (option) return option.label;
  if (typeof value === "boolean") return YES_NO[value];
  if (typeof value === "object") return JSON.stringify(value);
  return /^\d{4}-\d{2}-\d{2}$/.test(value) ? day(value) : [String(value), item.unit].filter(Boolean).join("\u00a0");
}
