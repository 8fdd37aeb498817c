// Whether he is where the checkpoint is: the server's words wherever it answers, else the phone's own.

import { distance } from "../../shell/format.js";
import { placeOf } from "../app.js";
import { decide } from "../rules/fence.js";
import { asked } from "./asking.js";

const ACCEPTED = ["inside", "indeterminate"];
const REST_MS = 5000;
const HOLDS_MS = 60_000;
const WITHOUT_FENCE = {
  pending_confirm: { code: "binding_pending", sentence: "检查点位置待管理人员确认：可以检查，确认后才计入完成（binding_pending）", mayStart: true },
  exited: { code: "exited", sentence: "该检查点已退出，如需检查请联系支行经理（exited）", mayStart: false },
};

export class Presence extends EventTarget {
  // `scanned` is the scan of the plate ({ qr, reason? }), null before it; only a scanned text can be asked about.
  constructor(app, checkpoint, tasks, scanned) {
    super();
    Object.assign(this, { app, checkpoint, tasks, scanned, said: null, askedAt: 0, isAsking: false });
  }

  // { code, sentence, mayStart, isServers } as things stand now.
  now() {
    const own = this.#own();
    if (this.#isDue(own)) this.#ask(own);
    return this.said?.of === own.code ? this.said : own;
  }

  // The server's last word before a visit begins, the phone's own where it is silent.
  async last() {
    const own = this.#own();
    await this.#ask(own);
    return this.said ?? own;
  }

  // Whether a visit that begins with these fixes must prove by other means that it was there (domain.md §3.2).
  isWeak(fixes) {
    const own = decide(fixes, placeOf(this.checkpoint), this.checkpoint.radius_m).verdict;
    return [own, this.said?.code].includes("indeterminate");
  }

  #isDue({ code }) {
    const rested = Date.now() - this.askedAt;
    return this.scanned !== null && !this.scanned.reason && !this.isAsking && rested > REST_MS && (this.said?.of !== code || rested > HOLDS_MS);
  }

  async #ask({ code: of }) {
    if (this.scanned === null || this.scanned.reason) return;
    this.isAsking = true;
    const told = await asked(this.scanned.qr, this.app.position.fixes());
    Object.assign(this, { isAsking: false, askedAt: Date.now(), said: told && !this.#isExitCheck(told.code) ? { ...told, of, isServers: true } : null });
    this.dispatchEvent(new Event("change"));
  }

  // An exited checkpoint may be visited where a task asks for it; then the fence decides as everywhere.
  #isExitCheck(code) {
    return code === "exited" && this.tasks.length > 0;
  }

  #own() {
    const { state, radius_m: radius } = this.checkpoint;
    if (WITHOUT_FENCE[state] && !this.#isExitCheck(state)) return WITHOUT_FENCE[state];
    const judged = decide(this.app.position.fixes(), placeOf(this.checkpoint), radius);
    return { code: judged.verdict, sentence: `${wordsOf(judged, radius)}（${judged.verdict}）`, mayStart: ACCEPTED.includes(judged.verdict) };
  }
}

// The verdict of the last positions in one line of words, as the server says it.
function wordsOf({ verdict, distance_m: far, accuracy_m: accuracy }, radius) {
  const metres = `距检查点约 ${distance(far ?? 0)}`;
  const sentences = {
    inside: `${metres}，在 ${radius} 米范围内`,
    indeterminate: `${metres}，定位精度约 ${Math.round(accuracy)} 米，无法确认在范围内：请补拍二维码牌和一项现场证明，本次将复核`,
    outside: `${metres}，超出 ${radius} 米范围，请到达现场后再检查`,
    too_coarse: `定位精度约 ${Math.round(accuracy)} 米，过于粗略，请移至开阔处或稍候再试`,
    stale: "没有有效的最新定位，请打开定位并稍候",
    mock: "检测到模拟定位，请关闭模拟定位软件后重试",
  };
  return sentences[verdict];
}

const HEADLINES = { indeterminate: ["位置待核实，可以检查", "unsure"], outside: ["位置不对，无法检查", "wrong"], exited: ["检查点已退出", "wrong"] };
const OTHERS = { true: ["检查点正确", "right"], false: ["暂时无法确认位置", "wrong"] };

// The verdict in a few words, and how they look.
export const headline = ({ code, mayStart }) => HEADLINES[code] ?? OTHERS[mayStart];
