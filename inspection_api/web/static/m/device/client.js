// The device: capture at any time, and whenever there is a network `exchange`, then `upload` (docs/sync-clients.md).

import { gzipped } from "./bytes.js";
import { deviceName, identityOf } from "./identity.js";
import { Line, Offline } from "./line.js";
import { Mirror } from "./mirror.js";
import { Outbox } from "./outbox.js";
import { Ended, PartingUploads, partingSend } from "./parting.js";
import { reaction } from "./reactions.js";
import { Uploads, isAboutTheDevice } from "./uploads.js";

export const APP = "web/1";
const PAGE = 500;
const MOST_REFUSALS = 12;

export class Client {
  // `bankTag` names the bank where nobody is logged in any more.
  constructor(store, send, { bankTag = "", ...options } = {}) {
    this.store = store;
    this.bankTag = bankTag;
    this.options = options;
    this.skewMs = 0; // by how much this phone's clock was ahead of the server's at the last handshake, once recalled
    this.line = new Line(send, options);
    this.outbox = new Outbox(store, APP);
    this.mirror = new Mirror(store);
    this.uploads = new Uploads(store, this.line);
  }

  // Know again, behind a restart, what the last handshake told.
  async recall() {
    this.skewMs = (await this.store.find("skewMs")) ?? 0;
  }

  identity() {
    return identityOf(this.store);
  }

  // Whether its officer has begun to use it. Only `begin` makes a key, once he said so.
  async hasBegun() {
    return (await this.store.find("identity")) !== null;
  }

  // Make the key and tell the bank of it. A refusal leaves no key behind; where no answer came, the same key is told
  // again, since the bank may know it by now.
  async begin() {
    try {
      return await this.enrol();
    } catch (problem) {
      if (!(problem instanceof Offline)) await this.store.forget("identity");
      throw problem;
    }
  }

  // Tell the bank of this phone and its key; the same again changes nothing. A manager must approve it.
  async enrol(name = deviceName()) {
    const { deviceId, publicKey } = await this.identity();
    return this.line.json("POST", "/devices", { json: { id: deviceId, name, public_key: publicKey } });
  }

  // Push, then pull; it waits for no upload, and only one tab of this browser does it at a time. A device that has ended
  // parts instead. Throws Offline, or the Problem that the person must hear of; whatever was not sent waits.
  exchange(told = {}) {
    return navigator.locks.request("xunji-synchronise", async () => {
      try {
        await this.push();
        await this.pull();
      } catch (problem) {
        return this.#end(problem, told);
      }
    });
  }

  // Upload what waits, then exchange what came of it. A login or device that counts no more hears so by the exchange.
  async upload(told = {}) {
    try {
      if ((await this.#uploaded(this.uploads, told)) === 0) return;
    } catch (problem) {
      if (!isAboutTheDevice(problem)) throw problem;
    }
    await this.exchange(told);
  }

  #uploaded(uploads, told) {
    return navigator.locks.request("xunji-upload", () => uploads.run(told.uploaded));
  }

  // A login that ended looks like an officer who was disabled: whether something may be said without it, the server
  // knows, and its refusal costs nothing.
  async #end(problem, told) {
    const isWiped = Boolean(problem.members?.wipe);
    if (await this.isDrained()) {
      if (isWiped) await this.mirror.wipe();
    } else if (isWiped || problem.status === 401) {
      await this.part(told);
    }
    throw problem;
  }

  // Say without a login what is left to say, with its media, then forget what the bank told. Throws Ended, or the
  // Problem that the server answered: the device has not ended (401), or so long ago that nothing counts.
  async part(told = {}) {
    const line = new Line(partingSend(this.line.send, await this.identity(), this.bankTag), this.options);
    await this.#drain(line, (batch, problem) => this.#reactParting(batch, problem));
    await this.#uploaded(new PartingUploads(this.store, line), told);
    await this.mirror.wipe();
    throw new Ended();
  }

  // Exchange the time, before every push, and learn where the server stands. A new epoch means that it was restored:
  // what was acknowledged in the last days is sent again.
  async handshake() {
    const answer = await this.#greeted();
    this.skewMs = Date.now() - Date.parse(answer.sample.server_time);
    const before = await this.store.find("epoch");
    if (before !== null && before !== answer.epoch) {
      await this.outbox.sendAgain();
      await this.mirror.beginAgain();
    }
    await this.store.keep({ epoch: answer.epoch, skewMs: this.skewMs });
    await this.outbox.abandon(answer.gaps);
    return answer;
  }

  async #greeted() {
    try {
      return await this.#greet();
    } catch (problem) {
      if (problem.code !== "device_unknown") throw problem;
      await this.enrol();
      return this.#greet();
    }
  }

  async #greet() {
    const { deviceId } = await this.identity();
    const json = { device_id: deviceId, boot_id: null, mono_ms: null, last_seq: await this.outbox.lastSeq(), app: APP };
    return this.line.json("POST", "/sync/handshake", { json });
  }

  async push() {
    await this.handshake();
    return this.#drain(this.line, (batch, problem) => this.#react(batch, problem));
  }

  async #drain(line, react) {
    let refusals = 0;
    for (let batch = await this.#next(); batch !== null; batch = await this.#next()) {
      try {
        await this.outbox.storeAnswer(batch, await this.#send(line, batch));
        refusals = 0;
      } catch (problem) {
        refusals += 1;
        if (problem.status === undefined || refusals > MOST_REFUSALS) throw problem;
        await react(batch, problem);
      }
    }
  }

  async #next() {
    return this.outbox.nextBatch(await this.identity());
  }

  async #send(line, batch) {
    const headers = { "Content-Type": "application/json", "Content-Encoding": "gzip", "Device-Signature": batch.signature };
    return line.json("POST", "/sync/push", { headers, body: await gzipped(batch.body) });
  }

  async #react(batch, problem) {
    const does = reaction("push", problem.status, problem.code);
    if (does === "halve") return this.outbox.halve(batch, problem.sentence);
    if (does === "new_batch_id") return this.outbox.rebuild();
    if (does === "enrol_again_then_sign_again") return this.#enrolAgain();
    if (does === "become_another_device_and_renumber") return this.#enrolAnew();
    throw problem;
  }

  // The same without a login: nobody can be enrolled, but a batch can be signed anew.
  async #reactParting(batch, problem) {
    const does = reaction("parting", problem.status, problem.code);
    if (does === "halve") return this.outbox.halve(batch, problem.sentence);
    if (does === "new_batch_id" || does === "sign_again") return this.outbox.rebuild();
    throw problem;
  }

  // Enrol once more and sign anew; where the bank knows this id with another key, become another device.
  async #enrolAgain() {
    try {
      await this.enrol();
    } catch (problem) {
      if (problem.code !== "device_foreign") throw problem;
      await this.#enrolAnew();
    }
    await this.outbox.rebuild();
  }

  async #enrolAnew() {
    await this.outbox.renumber();
    await this.enrol();
    await this.handshake();
  }

  // Take pages until the phone is consistent with the server.
  async pull() {
    for (let isConsistent = false; !isConsistent; ) {
      try {
        isConsistent = await this.#advance();
      } catch (problem) {
        await this.#obey(problem);
      }
    }
  }

  async #advance() {
    const { deviceId } = await this.identity();
    const snapshot = await this.mirror.snapshot();
    if (snapshot === null) {
      const query = { device_id: deviceId, limit: PAGE, cursor: await this.mirror.cursor() };
      return this.mirror.apply(await this.line.json("GET", "/sync/pull", { query }));
    }
    const json = { device_id: deviceId, cursor: snapshot || null };
    await this.mirror.applySnapshot(await this.line.json("POST", "/sync/snapshot", { json }));
    return false;
  }

  // Do what the server says: a lost cursor costs a snapshot.
  async #obey(problem) {
    const does = problem.status === undefined ? "give_up_and_keep" : reaction("pull", problem.status, problem.code);
    if (does === "snapshot" && ((await this.mirror.cursor()) || (await this.mirror.snapshot()))) {
      await this.handshake();
      return this.mirror.beginAgain();
    }
    throw problem;
  }

  async isDrained() {
    return (await this.outbox.waiting()) === 0 && (await this.uploads.waiting()).length === 0;
  }

  // Pull, compare what is here with what should be, and repair it by a snapshot; return where it differed.
  async verify() {
    const { deviceId } = await this.identity();
    let answer;
    do {
      await this.pull();
      const json = { device_id: deviceId, cursor: await this.mirror.cursor(), digests: await this.mirror.digests() };
      answer = await this.line.json("POST", "/sync/verify", { json });
    } while (answer.behind);
    if (answer.differing.length > 0) {
      await this.mirror.beginAgain();
      await this.pull();
    }
    return answer.differing;
  }
}
