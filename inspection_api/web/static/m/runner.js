// When the phone synchronises: at the start, when the network is back, after a capture, and every minute while it is
// looked at. Records and tasks are exchanged at once; media go up behind them and hold up nothing. What came of it is a
// state with one sentence, for everybody who listens.

import { duration } from "../shell/format.js";
import { FULL, isFull } from "./device/full.js";
import { Offline } from "./device/line.js";
import { Ended } from "./device/parting.js";

const EVERY_MS = 60_000;
const MAX_SKEW_MS = 300_000;
const MAY_UPLOAD = ["idle", "uploading", "unapproved", "full", "problem"];

export const SENTENCES = {
  idle: "已同步",
  busy: "正在同步…",
  uploading: "数据已同步，正在上传资料…",
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
    this.refusal = null; // what the last exchange ended with, if it was not well
    this.exchange = again(() => this.#exchange());
    this.upload = again(() => this.#upload());
    this.hasEnded = false; // an officer who was disabled has no login that could tell it again
    this.unsent = null; // and the last upload
    this.going = 0;
    this.rounds = 0; // how often it has come to an end
    this.told = { uploaded: (medium, offset) => this.#uploaded(medium, offset) };
  }

  begin() {
    addEventListener("online", () => this.run());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.run());
    setInterval(() => document.visibilityState === "visible" && this.run(), EVERY_MS);
    return this.run();
  }

  // Synchronise now; resolves once this phone has pushed and pulled. Media go up behind that and hold up no later run.
  run() {
    if (this.client.store.isEnded) return Promise.resolve(); // the page says so
    const exchanged = this.exchange();
    this.#finish(exchanged);
    return exchanged;
  }

  async #finish(exchanged) {
    this.going += 1;
    await exchanged;
    if (MAY_UPLOAD.includes(this.state)) await this.upload();
    this.going -= 1;
    if (this.going > 0) return;
    this.rounds += 1;
    this.#tell(this.unsent ?? this.refusal);
  }

  async #exchange() {
    this.#say("busy");
    this.refusal = await this.#heard(() => this.client.exchange(this.told));
    this.unsent = null;
    if (this.refusal === null) this.hasEnded = false;
    const waits = (await this.client.uploads.waiting()).length > 0;
    if (this.refusal === null && waits) this.#say("uploading");
    else this.#tell(this.refusal);
  }

  async #upload() {
    this.unsent = await this.#heard(() => this.client.upload(this.told));
  }

  async #heard(work) {
    try {
      await work();
      return null;
    } catch (problem) {
      this.hasEnded ||= problem instanceof Ended;
      return problem;
    }
  }

  #uploaded(medium, offset) {
    this.progress.set(medium.id, offset);
    this.dispatchEvent(new Event("progress"));
  }

  #tell(problem) {
    if (problem === null) return this.#say("idle");
    const state = this.hasEnded && problem.status === 401 ? "ended" : stateOf(problem);
    if (state === "problem" && !problem.sentence) console.error(problem);
    return this.#say(state, problem.sentence);
  }

  #say(state, sentence = "同步出错，数据已保存在手机上，稍后自动重试（sync_error）") {
    this.state = state;
    this.sentence = SENTENCES[state] ?? sentence;
    this.warning = skewed(this.client.skewMs);
    this.dispatchEvent(new Event("change"));
  }
}

// Work to be asked for: who asks while it goes on gets it once more behind that, which has seen what he brought.
function again(work) {
  let isWanted = false;
  let going = null;
  const loop = async () => {
    try {
      while (isWanted) {
        isWanted = false;
        await work();
      }
    } finally {
      going = null;
    }
  };
  return () => {
    isWanted = true;
    going ??= loop();
    return going;
  };
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
