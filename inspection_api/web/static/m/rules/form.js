// What a form still lacks, as the phone may say it without the server (domain.md §0, Templates; vectors: form.json).
// The server judges again; this only says early what is missing. Answers are {item: {value, note?}}; media are
// [{item, kind, seconds}].

import { faultOf } from "./values.js";

const MEDIA = ["photo", "audio", "video"];
const NO_ANSWER = ["media", "read_only"];

// The items that are shown to whoever gave these answers and holds one of `roles` (null: whoever it is).
export function shownItems(form, answers, roles = null) {
  const kept = {};
  return form.items.filter((item) => {
    const isFor = roles === null || !item.roles?.length || item.roles.some((role) => roles.includes(role));
    const isShown = isFor && (!item.visible_if || holds(item.visible_if, kept, []));
    if (isShown && isSound(item, answers[item.key])) kept[item.key] = answers[item.key];
    return isShown;
  });
}

// { errors: {item: code}, evidence: [{item, kind, needed, found, min_seconds}], indicators } of a form as it stands.
export function lacking(form, answers, media, roles = null) {
  const shown = shownItems(form, answers, roles);
  const kept = Object.fromEntries(shown.filter((item) => isSound(item, answers[item.key])).map((item) => [item.key, answers[item.key]]));
  const faults = faulty(shown, answers);
  const indicators = shown.filter((item) => isAdverse(item, kept)).map((item) => item.indicator.code);
  const state = { form, shown, kept, media, indicators, faults };
  return { errors: { ...faults, ...unanswered(state), ...broken(state) }, evidence: unproved(state), indicators };
}

export const isAnswered = (entry) => entry !== undefined && !isBlank(entry.value);

// An answer that counts: given, and nothing wrong with it.
const isSound = (item, entry) => isAnswered(entry) && faultOf(item, entry.value) === null;

function faulty(shown, answers) {
  const given = shown.filter((item) => isAnswered(answers[item.key]));
  return Object.fromEntries(given.map((item) => [item.key, faultOf(item, answers[item.key].value)]).filter(([, code]) => code !== null));
}

const isBlank = (value) => value === null || value === undefined || (typeof value === "string" && value.trim() === "") || (Array.isArray(value) && value.length === 0);

function holds(condition, kept, indicators) {
  if (condition.any_indicator) return indicators.length > 0;
  const entry = kept[condition.item];
  return entry !== undefined && [entry.value].flat().some((value) => condition.one_of.includes(value));
}

const isAdverse = (item, kept) => item.indicator && kept[item.key] && [kept[item.key].value].flat().some((value) => item.indicator.adverse.includes(value));

const isDemanded = (item, { kept, indicators }) => item.required || (Boolean(item.required_if) && holds(item.required_if, kept, indicators));

function unanswered(state) {
  const open = state.shown.filter((item) => !NO_ANSWER.includes(item.type) && !(item.key in state.kept) && !(item.key in state.faults) && isDemanded(item, state));
  return Object.fromEntries(open.map((item) => [item.key, "required"]));
}

function broken(state) {
  return Object.fromEntries((state.form.rules ?? []).flatMap((rule) => RULES[rule.kind](rule, state)));
}

const RULES = {
  at_least_one: (rule, { shown, kept, faults }) => {
    const keys = among(shown, rule.items);
    return keys.length === 0 || keys.some((key) => key in kept || key in faults) ? [] : [[keys[0], "at_least_one"]];
  },
  at_most_one_non_zero: (rule, { kept }) => {
    const filled = rule.items.filter((key) => key in kept && Number(kept[key].value) !== 0);
    return filled.length > 1 ? [[filled[1], "at_most_one"]] : [];
  },
  reason_if_indicator: (rule, { kept, indicators }) => {
    const entry = kept[rule.items[0]];
    const isCalm = indicators.length > 0 && entry !== undefined && entry.value === rule.value;
    return isCalm && !entry.note ? [[rule.items[0], "reason_required"]] : [];
  },
  ordered: (rule, { kept }) => {
    const given = rule.items.filter((key) => key in kept);
    return given.slice(1).filter((key, place) => isLess(kept[key].value, kept[given[place]].value)).map((key) => [key, "not_in_order"]);
  },
};

// Numbers of any length by value, days by the calendar.
const isLess = (one, other) => (/^\d{4}-\d\d-\d\d$/.test(one) ? one < other : Number(one) < Number(other));

const among = (shown, keys) => keys.filter((key) => shown.some((item) => item.key === key));

function unproved(state) {
  const items = state.shown.filter((item) => proofsOf(item).length > 0 && (item.key in state.kept || isDemanded(item, state)));
  const own = items.flatMap((item) => proofsLacking(proofsOf(item), [item.key], item.key, state));
  const shared = (state.form.rules ?? []).filter((rule) => rule.evidence?.length).flatMap((rule) => {
    const keys = among(state.shown, rule.items);
    const at = keys.find((key) => key in state.kept) ?? keys[0];
    return keys.length === 0 ? [] : proofsLacking(rule.evidence, keys, at, state);
  });
  return [...own, ...shared];
}

// A media item that must be there asks for one photo even where it names no proof.
export function proofsOf(item) {
  if (item.evidence?.length) return item.evidence;
  return item.type === "media" && (item.required || item.required_if) ? [{ kind: "photo" }] : [];
}

function proofsLacking(proofs, keys, at, state) {
  return proofs
    .map(({ kind, min_count: needed = 1, min_seconds: seconds = 0, item = "" }) => {
      const found = MEDIA.includes(kind)
        ? state.media.filter((medium) => keys.includes(medium.item) && medium.kind === kind && medium.seconds >= seconds).length
        : Number(ANSWERED[kind](state.kept[item]?.value, state.kept));
      return { item: at, kind, needed, found, min_seconds: seconds };
    })
    .filter((proof) => proof.found < proof.needed);
}

const ANSWERED = {
  document_number: (value) => /\p{Nd}/u.test(String(value ?? "")),
  second_person: (value, kept) => !isBlank(value) && Object.values(kept).filter((entry) => entry.value === value).length === 1,
};
