// The input of one item of a form, by its type; `answer` hears { value, note? }, or null where nothing is left of it. A
// note that was typed before its choice comes with the value null: it is no answer, and nothing of it is submitted.

import { h } from "../../shell/dom.js";
import { asNumber, asText } from "../rules/values.js";

const CHOSEN = ["yes_no", "single", "multiple"];

export function inputOf(item, entry, answer) {
  const held = { value: entry?.value ?? null, note: entry?.note ?? "" };
  const say = (members) => {
    Object.assign(held, members);
    const value = isBlank(held.value) ? null : held.value;
    return answer(value === null && !held.note ? null : { value, ...(held.note && { note: held.note }) });
  };
  const labelled = { "aria-labelledby": `label-${item.key}` };
  const made = INPUTS[item.type]?.(item, held, say, labelled) ?? null;
  return made && [made, CHOSEN.includes(item.type) && remark(item, held, say)];
}

const isBlank = (value) => value === null || value === "" || (Array.isArray(value) && value.length === 0);

const INPUTS = {
  yes_no: (item, held, say, labelled) => choices(item, [[true, "是"], [false, "否"], ...(item.not_applicable ? [["not_applicable", "不适用"]] : [])], held, say, labelled),
  single: (item, held, say, labelled) => choices(item, item.options.map(({ code, label }) => [code, label]), held, say, labelled),
  multiple: several,
  number: amount,
  money: amount,
  date: (item, held, say, labelled) => typed("date", held, (value) => say({ value }), labelled),
  text: area,
};

const choices = (item, options, held, say, labelled) =>
  h(
    "div",
    { class: "choices", role: "radiogroup", ...labelled },
    options.map(([value, words]) => h("label", {}, h("input", { type: "radio", name: item.key, checked: held.value === value, onchange: () => say({ value }) }), words)),
  );

function several(item, held, say, labelled) {
  const chosen = new Set(held.value ?? []);
  const toggle = (code, on) => {
    if (on) chosen.add(code);
    else chosen.delete(code);
    return say({ value: [...chosen].sort() });
  };
  const boxes = item.options.map(({ code, label }) => h("label", {}, h("input", { type: "checkbox", checked: chosen.has(code), onchange: (event) => toggle(code, event.target.checked) }), label));
  return h("div", { class: "choices", role: "group", ...labelled }, boxes);
}

const typed = (type, held, typing, attributes) =>
  h("input", { type, autocomplete: "off", value: held.value ?? "", oninput: (event) => typing(event.target.value.trim()), ...attributes });

function amount(item, held, say, labelled) {
  return typed("text", held, (value) => say({ value: asNumber(value) }), { ...labelled, inputmode: "decimal", maxlength: 30 });
}

function area(item, held, say, labelled) {
  const made = h("textarea", { maxlength: item.max_length ?? 500, oninput: () => say({ value: made.value.trim() === "" ? "" : asText(made.value) }), ...labelled });
  made.value = held.value ?? "";
  return made;
}

// A word beside a choice: a calm conclusion over a raised indicator needs one.
const remark = (item, held, say) =>
  h("input", { type: "text", placeholder: "说明（可不填）", maxlength: 500, "aria-label": `${item.label}的说明`, value: held.note, oninput: (event) => say({ note: asText(event.target.value.trim()) }) });
