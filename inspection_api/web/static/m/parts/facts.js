// What the form itself says of the enterprise and its loan (只读): nothing to fill in, only to have in view.

import { h } from "../../shell/dom.js";
import { amount, day } from "../../shell/format.js";

const CLASSES = { normal: "正常", watch: "关注", substandard: "次级", doubtful: "可疑", loss: "损失" };
const FORMATS = { amount: (value) => `${amount(value)} 元`, disbursed_on: day, matures_on: day, five_class: (value) => CLASSES[value] ?? value };

// What the phone holds of whom a visit is about: { customer: [row], loan: [rows] }, the task's own loan where it has one.
export async function knownOf({ mirror }, { task_id: taskId }, checkpoint) {
  if (checkpoint === null) return {};
  const { customer_id: customerId } = checkpoint;
  const [customer, task, loans] = await Promise.all([mirror.find("customer", customerId), taskId && mirror.find("task", taskId), mirror.all("loan")]);
  const isMeant = task?.loan_id ? (loan) => loan.id === task.loan_id : (loan) => loan.customer_id === customerId;
  return { customer: customer === null ? [] : [customer], loan: loans.filter(isMeant).sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1)) };
}

const orderOf = ({ disbursed_on: since, contract_no: number }) => `${since} ${number}`;

// One read-only item, null where the phone holds nothing of it. As on paper, what is the same of all loans stands once;
// else each stands in the order of the amounts.
export function factOf(item, known) {
  const [of, field] = item.source.split(".");
  const words = (known[of] ?? []).map((row) => row[field]).filter(Boolean).map(FORMATS[field] ?? String);
  if (words.length === 0) return null;
  return (field !== "amount" && new Set(words).size === 1 ? words.slice(0, 1) : words).join("、");
}

export function factsOf(items, known, isShown) {
  const facts = items.map((item) => [item, factOf(item, known)]).filter(([, words]) => words !== null);
  const told = ([item, words]) => ["dt", "dd"].map((tag) => h(tag, { data: { item: item.key }, hidden: !isShown(item) }, tag === "dt" ? item.label : words));
  return facts.length > 0 && h("dl", { class: "facts" }, facts.map(told));
}
