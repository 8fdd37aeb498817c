// When the phone synchronises: at the start, when the network is back, after a capture, and every minute while it is
// looked at. What came of it is a state with one sentence, for everybody who listens.

import { Offline } from "./device/line.js";

const EVERY_MS = 60_000;

export const SENTENCES = {
  idle: "已同步",
  busy: "正在同步…",
  offline: "没有网络，数据已保存在手机上，联网后自动上传",
  login: "登录已过期，数据已保存在手机上，重新登录后继续上传",
  unapproved: "本手机等待管理员批准：可以先检查，批准后自动生效",
  ended: "本手机已被停用，请联系管理员",
};

export class Runner extends EventTarget {
  constructor(client) {
    super();
    this.client = client;
    this.state = "idle";
    this.sentence = SENTENCES.idle;
    this.progress = new Map();
    this.running = null;
  }

  begin() {
    addEventListener("online", () => this.run());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.run());
    setInterval(() => document.visibilityState === "visible" && this.run(), EVERY_MS);
    return this.run();
  }

  // Synchronise now; who asks while it runs gets a run behind the present one, which has seen his capture.
  run() {
    this.wanted = true;
    this.running ??= this.#loop().finally(() => { this.running = null; });
    return this.running;
  }

  async #loop() {
    while (this.wanted) {
      this.wanted = false;
      await this.#once();
    }
  }

  async #once() {
    this.#tell("busy");
    try {
      await this.client.synchronise({ uploaded: (medium, offset) => this.#uploaded(medium, offset) });
      await this.client.store.keep({ synchronisedAt: Date.now() });
      this.#tell("idle");
    } catch (problem) {
      this.#tell(stateOf(problem), problem);
    }
  }

  #uploaded(medium, offset) {
    this.progress.set(medium.id, offset);
    this.dispatchEvent(new Event("progress"));
  }

  #tell(state, problem = null) {
    this.state = state;
    this.sentence = SENTENCES[state] ?? problem?.sentence ?? "同步出错，数据已保存在手机上，稍后自动重试（sync_error）";
    if (state === "problem" && !problem.sentence) console.error(problem);
    this.dispatchEvent(new Event("change"));
  }
}

function stateOf(problem) {
  if (problem instanceof Offline) return "offline";
  if (problem.status === 401) return "login";
  if (problem.code === "device_unapproved") return "unapproved";
  return problem.members?.wipe ? "ended" : "problem";
}
