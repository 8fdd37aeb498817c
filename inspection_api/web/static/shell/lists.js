// Lists that grow and change: the next page comes once a tap, and what is new waits until somebody asks for it.

import { h } from "./dom.js";
import { notify, sentenceOf } from "./states.js";

const EVERY_MS = 120_000;

// What brings the next page: `ask(cursor)` resolves to one, `add(page)` shows it. The first is given to `take`.
export function further(words, ask, add) {
  let next = null;
  const take = (page) => {
    add(page);
    next = page.next_cursor;
    button.hidden = next === null;
  };
  const bring = async () => {
    button.disabled = true; // two taps bring no page twice
    try {
      take(await ask(next));
    } catch (error) {
      notify(sentenceOf(error), "bad");
    }
    button.disabled = false;
  };
  const button = h("button", { type: "button", onclick: bring }, words);
  return { button, take };
}

// A line for the end of a list: how many of its rows came or went since it was drawn with `ids`. `ask` resolves to the
// ids of now. No row moves under a finger: only whoever taps the line has the list drawn again, by `refresh`.
export function news(ids, ask, refresh) {
  const button = h("button", { type: "button", class: "primary", onclick: refresh });
  const line = h("p", { class: "news", role: "status", hidden: true }, button);
  const look = async () => {
    if (!line.isConnected) return stop();
    if (document.visibilityState !== "visible") return;
    const number = changes(ids, await ask().catch(() => ids)); // what is wrong is said to whoever does something
    line.hidden = number === 0;
    button.textContent = `有 ${number} 条更新，点此刷新`;
  };
  const timer = setInterval(look, EVERY_MS);
  const stop = () => { clearInterval(timer); document.removeEventListener("visibilitychange", look); };
  document.addEventListener("visibilitychange", look);
  return line;
}

const changes = (before, now) => [...before.filter((id) => !now.includes(id)), ...now.filter((id) => !before.includes(id))].length;
