// What stands in the cells of a report, and the list behind each number. The figures are the server's.

import { h } from "../shell/dom.js";
import { amount, count, day, NOTHING } from "../shell/format.js";
import { to } from "./address.js";

const TEN_THOUSAND = 10_000;
const WHOLE_YUAN = /^\d+\.\d+$/;

// 83.3%, from the four decimals of the API
export const percent = (value) => (value === null ? NOTHING : `${(Number(value) * 100).toFixed(1)}%`);

// What a chart draws: a rate between 0 and 1, a number, or null.
export function measured(cell) {
  if (cell === null || cell === undefined) return null;
  return typeof cell === "object" ? (cell.value === null ? null : Number(cell.value)) : Number(cell);
}

// The address of the list behind a number, as the API says how it is asked; null where there is none.
export function listOf(table, row, column, measure) {
  if (column.listing === null || measure === null) return null;
  return to({ view: "list", report: table.code, listing: column.listing, ...table.drill, ...row.drill, ...column.drill, measure });
}

// The content of one cell.
export function cell(table, row, column) {
  const value = row.cells[column.key];
  if (value === null || value === undefined) return NOTHING;
  if (column.kind === "rate") return rate(table, row, column, value);
  if (column.kind === "count") return linked(listOf(table, row, column, column.numerator), count(value), `${row.label} ${column.title}`);
  if (column.kind === "amount") return amount(value);
  return column.kind === "date" ? day(value) : String(value);
}

function rate(table, row, column, value) {
  const part = (measure, number, word) => linked(listOf(table, row, column, measure), figure(number), `${row.label} ${column.title}${word}`);
  return [
    h("strong", {}, percent(value.value)),
    h("span", { class: "parts" }, part(column.numerator, value.numerator, "分子"), "/", part(column.denominator, value.denominator, "分母")),
  ];
}

const linked = (href, words, label) => (href === null ? words : h("a", { href, "aria-label": `${label} ${words}` }, words));

// A count as it is; an amount, which comes as a text, in 万元.
const figure = (number) =>
  typeof number === "string" && WHOLE_YUAN.test(number) ? `${count(Number(number) / TEN_THOUSAND)}万` : count(Number(number));
