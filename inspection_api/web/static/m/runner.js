// When the phone synchronises: at the start, when the network is back, after a capture, and every minute while it is
// looked at. What came of it is a state with one sentence, for everybody who listens.

import { duration } from "../shell/format.js";
import { FULL, isFull } from "./device/full.js";
import { Offline } from "./device/line.js";
import { Ended } from "./device/parting.js";

const EVERY_MS = 60_000;
const MAX_SKEW_MS = 300_000;

export const SENTENCES = {
  idle: "已同步",
  busy: "正在同步…",
  offline: "没有网络，数据已保存在手机上，联网后自动上传",
  login: "登录已过期，数据已保存在手机上，重新登录后继续上传",
  unapproved: "本手机等待管理员批准：可以先检查，批准后自动生效",
  crowded: "两个设备名额都已占用，数据已保存在手机上：请联系支行停用一台旧设备（device_limit）",
  ended: "本手机已被停用，请联系管理员",
  full: FULL,
};

export class Runner extends EventTarget {
  constructor(client) {
    super();
    this.client = client;
    this.state = "idle";
    this.sentence = SENTENCES.idle;
    this.warning = null; // what else he should know, whatever the state
    this.progress = new Map();
    this.running = null;
    this.hasEnded = false; // an officer who was disabled has no login that could tell it again
    this.rounds = 0; // how often it has come to an end
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
      this.hasEnded = false;
      this.#tell("idle");
    } catch (problem) {
      this.hasEnded ||= problem instanceof Ended;
      this.#tell(this.hasEnded && problem.status === 401 ? "ended" : stateOf(problem), problem);
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
    if (state !== "busy") this.rounds += 1;
    this.warning = skewed(this.client.skewMs);
    this.dispatchEvent(new Event("change"));
  }
}

// A wrong clock spoils no visit, since the server tells the time; but what the phone shows as due is wrong by as much.
const skewed = (ms) =>
  Math.abs(ms) > MAX_SKEW_MS ? `手机时间比服务器${ms > 0 ? "快" : "慢"}约 ${duration(Math.abs(ms) / 1000)}：请在系统设置中打开“自动设置时间”；已采集的检查不受影响，以服务器时间为准（clock_skew）` : null;

function stateOf(problem) {
  if (problem instanceof Offline) return "offline";
  if (problem.status === 401) return "login";
  if (problem.code === "device_unapproved") return "unapproved";
  if (problem.code === "device_limit") return "crowded";
  if (isFull(problem)) return "full";
  return problem.members?.wipe ? "ended" : "problem";
}
