// What is wrong with one typed answer, as the phone may say it without the server (domain.md §0, Templates; vectors:
// form.json). Choices cannot be wrong here: only what is offered can be chosen.

const NUMBER = /^-?0{0,8}\d{1,16}(?:\.(?=\d)(\d{0,20}?)0{0,8})?$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
// Control characters and what cannot be seen; joiners without width stay, emoji and names are made with them.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/u;
const UNSAFE_ALL = new RegExp(UNSAFE, "gu");
const DECIMALS = 2;
const MOST_CHARACTERS = 500;

// The code of what is wrong with the value of an item, null where nothing is.
export const faultOf = (item, value) => CHECKS[item.type]?.(item, String(value)) ?? null;

function number({ decimals = DECIMALS, minimum = null, maximum = null }, text) {
  const match = NUMBER.exec(text);
  if (match === null) return "wrong_type";
  if ((match[1] ?? "").length > decimals) return "too_many_decimals";
  const isOut = (minimum !== null && Number(text) < Number(minimum)) || (maximum !== null && Number(text) > Number(maximum));
  return isOut ? "out_of_range" : null;
}

function date(_, text) {
  const isDay = DAY.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;
  return isDay ? null : "wrong_type";
}

function words({ max_length: most = MOST_CHARACTERS }, text) {
  if (UNSAFE.test(text)) return "unsafe_text";
  return [...text.normalize("NFC").trim()].length > most ? "too_long" : null;
}

const CHECKS = { number, money: number, date, text: words };

// A number as it was meant: a Chinese keyboard types full-width digits, points and signs.
export const asNumber = (text) => text.normalize("NFKC").replace("−", "-").trim();

// A text as it can be kept: what is pasted brings along what nobody sees.
export const asText = (text) => text.normalize("NFC").replaceAll(UNSAFE_ALL, "");
