// A film or sound that came to no end: the browser died, or the phone was full. What there is of it, he keeps or deletes.

import { h } from "../../shell/dom.js";
import { instant } from "../../shell/format.js";
import { notify } from "../../shell/states.js";
import { removed } from "../recordings.js";
import { shownItems } from "../rules/form.js";
import { lengthOf } from "./film.js";
import { kept } from "./room.js";

const LEAST_S = 0.5;
const WORDS = { audio: "录音", video: "录像" };
const EMPTY = "没有录到内容，请重新录制（recording_empty）";
const BROKEN = "这段录制无法播放，不能作为资料：请删除后重新录制（recording_broken）";
const WAITS = "有一段中断的录制尚未处理，请先选择保留或删除（recording_undecided）";

// Those of an item, each with what can be done; `draw` draws the item anew.
export const interrupted = (state, item, draw) => state.interrupted.filter((each) => each.item === item.key).map((each) => offer(state, each, draw));

const offer = (state, recording, draw) =>
  h(
    "div",
    { class: "card care", role: "group", "aria-label": "中断的录制" },
    h("p", {}, `${WORDS[recording.kind]}中断，已录下约 ${Math.round(recording.seconds)} 秒（${instant(recording.at)}）`),
    h("p", { class: "buttons" }, button("删除", () => state.app.recordings.remove(recording), state, draw), button("保留", () => keepWhole(state, recording), state, draw, "primary")),
  );

function button(words, work, state, draw, look = null) {
  const act = async ({ target }) => {
    target.disabled = true;
    await work();
    state.interrupted = await state.app.recordings.interrupted(state.draft.id);
    draw();
    state.changed();
  };
  return h("button", { type: "button", class: look, onclick: act }, words);
}

// The end of what was cut off may be missing: it counts for as long as it plays.
async function keepWhole(state, recording) {
  const seconds = Math.round(1000 * (await lengthOf(recording))) / 1000;
  return seconds < LEAST_S ? notify(BROKEN, "bad") : keepRecorded(state, recording.id, { seconds });
}

// Make a medium of a recording, with the time and the place of its end; the recording is gone in the same moment.
export async function keepRecorded({ app, draft, media }, id, better = {}) {
  const whole = await app.recordings.find(draft.id, id);
  if (whole === undefined) return notify(EMPTY, "bad");
  const { item, kind, fix, at } = whole;
  const medium = await kept(() => app.visits.addMedium(draft.id, { item, kind, made: { ...whole, ...better }, fix, at }, (tx) => removed(tx, whole)));
  return medium !== null && media.push(medium);
}

// The first that he has to decide about before he submits, undefined where there is none; he is told.
export function undecided({ app, form, draft, interrupted: all }) {
  const shown = shownItems(form, draft.answers, app.officer.roles).map((item) => item.key);
  const found = all.find(({ item }) => shown.includes(item));
  if (found !== undefined) notify(WAITS, "bad");
  return found;
}
