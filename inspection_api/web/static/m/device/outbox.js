// The durable outbox: operations wait here until their receipt is stored (sync.md §2, Client rules).
//
// An operation gets its number when it is captured. A batch is written down, signed, before it is first sent, and
// exactly these bytes are sent until they are answered.

import { encoded, newId } from "./bytes.js";
import { stamp } from "./clock.js";
import { newIdentity, signed } from "./identity.js";

const PROTOCOL = 1;
const OP_FORMAT = 1;
const MOST_OPS = 50;
const KEEP_ACKED_MS = 7 * 86_400_000;
const CAPTURING = ["setting", "op", "medium", "draft", "slice"];
const SENDING = ["setting", "op", "batch", "abandoned", "receipt", "medium"];

export class Outbox {
  constructor(store, app) {
    this.store = store;
    this.app = app;
  }

  // Write an operation down with the next number; its media (ids of files that are here) wait from now on. `also` may
  // write more in the same transaction, before: its media, or that the draft is gone that the operation was made of. `about` is the name of what
  // it is about, for its officer; it is not sent.
  async capture(type, entityId, payload, { at = Date.now(), baseVersion = 0, dependsOn = [], media = [], about = null, also = null } = {}) {
    const content = clean({
      op_id: newId(at),
      op_format: OP_FORMAT,
      type,
      entity_id: entityId,
      base_version: baseVersion,
      depends_on: dependsOn,
      captured: stamp(at),
      payload,
    });
    await this.store.write(CAPTURING, async (tx) => {
      await tx.put("op", { op_id: content.op_id, seq: await taken(tx), state: "waiting", about, content });
      if (also !== null) await also(tx);
      for (const id of media) await tx.put("medium", { ...(await tx.get("medium", id)), state: "waiting", draft_id: "" });
    });
    return content.op_id;
  }

  // The batch that waits for its answer, else a new one of the oldest operations, else null.
  async nextBatch(identity) {
    const [known, made] = await this.store.read(SENDING, async (tx) => [(await tx.all("batch"))[0], await envelope(tx)]);
    if (known !== undefined) return known;
    if (made.ops.length === 0) return null;
    const batchId = crypto.randomUUID();
    const text = JSON.stringify({
      protocol: PROTOCOL,
      device_id: identity.deviceId,
      batch_id: batchId,
      sent: stamp(),
      app: this.app,
      abandon_seq: made.abandoned,
      ops: made.ops,
    });
    const body = encoded(text);
    const batch = { batch_id: batchId, body, signature: await signed(identity, body), op_ids: made.ops.map((op) => op.op_id) };
    await this.store.write(["batch"], (tx) => tx.put("batch", batch));
    return batch;
  }

  // Store the receipts; only that takes operations out of the outbox.
  async storeAnswer(batch, answer) {
    const told = new Set(answer.results.map((result) => result.op_id));
    if (!batch.op_ids.some((id) => told.has(id))) throw new Error("the server gave no verdict on any operation of the batch");
    await this.store.write(SENDING, async (tx) => {
      for (const result of answer.results) {
        await noteReceipt(tx, result);
        await acknowledge(tx, result.op_id);
      }
      for (const { seq } of await tx.all("abandoned")) if (seq <= answer.acked_through) await tx.remove("abandoned", seq);
      await tx.clear("batch");
      await tx.keep({ mostOps: Math.min(MOST_OPS, 2 * (await mostOps(tx))) });
      await prune(tx, answer.acked_through);
    });
  }

  // Try half of a batch that the server cannot take; set a single operation aside, where people can see it.
  async halve(batch, fault) {
    await this.store.write(SENDING, async (tx) => {
      await tx.clear("batch");
      await tx.keep({ mostOps: Math.max(1, Math.floor(batch.op_ids.length / 2)) });
      if (batch.op_ids.length === 1) await setAside(tx, batch.op_ids[0], fault);
    });
  }

  // Throw the waiting batch away: its operations go into a new one with a new id and signature.
  rebuild() {
    return this.store.write(["batch"], (tx) => tx.clear("batch"));
  }

  // Become another device: waiting operations keep their ids and get numbers from 1 (409 `device_forked`).
  async renumber() {
    const identity = await newIdentity();
    await this.store.write(SENDING, async (tx) => {
      await tx.keep({ identity, nextSeq: 1 });
      await tx.clear("batch");
      await tx.clear("abandoned");
      for (const op of inOrder(await tx.all("op"))) {
        await tx.put("op", { ...op, seq: op.state === "waiting" ? await taken(tx) : 0 });
      }
    });
    return identity;
  }

  // Give up every missing number whose operation is not here any more.
  abandon(gaps) {
    return this.store.write(["op", "abandoned"], async (tx) => {
      const here = new Set((await tx.all("op")).map((op) => op.seq));
      for (const seq of gaps) if (!here.has(seq)) await tx.put("abandoned", { seq });
    });
  }

  // Send everything of the last seven days again, with its files: the server was restored from a backup.
  sendAgain() {
    return this.store.write(SENDING, async (tx) => {
      const again = inOrder(await tx.all("op", "state", "acked"));
      for (const op of again) await tx.put("op", { ...op, state: "waiting", seq: op.seq || (await taken(tx)) });
      const named = JSON.stringify(again.map((op) => op.content.payload));
      for (const medium of await tx.all("medium", "state", "stored")) {
        if (named.includes(medium.id)) await tx.put("medium", { ...medium, state: "waiting", location: null });
      }
    });
  }

  async lastSeq() {
    return ((await this.store.find("nextSeq")) ?? 1) - 1;
  }

  // Let an operation that was set aside wait again, with a new number.
  again(opId) {
    return this.store.write(["setting", "op"], async (tx) => {
      const op = await tx.get("op", opId);
      if (op.state === "aside") await tx.put("op", { ...op, state: "waiting", seq: await taken(tx), fault: null });
    });
  }

  waiting() {
    return this.store.read(["op"], (tx) => tx.count("op", "state", "waiting"));
  }

  // All operations that are here, the latest first, each with its receipt (null while there is none).
  listed() {
    return this.store.read(["op", "receipt"], async (tx) => {
      const receipts = new Map((await tx.all("receipt")).map((receipt) => [receipt.op_id, receipt]));
      return (await tx.all("op")).reverse().map((op) => ({ ...op, receipt: receipts.get(op.op_id) ?? null }));
    });
  }
}

export const noteReceipt = (tx, result) => tx.put("receipt", result);

// Strings in NFC and without control characters, as the protocol asks for: what nobody typed is not worth a refusal.
function clean(value) {
  if (typeof value === "string") return value.normalize("NFC").toWellFormed().replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, clean(part)]));
}

async function envelope(tx) {
  const waiting = inOrder(await tx.all("op", "state", "waiting")).slice(0, await mostOps(tx));
  const abandoned = (await tx.all("abandoned")).map((each) => each.seq);
  return { abandoned, ops: waiting.map((op) => ({ ...op.content, seq: op.seq })) };
}

const inOrder = (ops) => ops.sort((one, other) => one.seq - other.seq || (one.op_id < other.op_id ? -1 : 1));

async function taken(tx) {
  const seq = (await tx.find("nextSeq")) ?? 1;
  await tx.keep({ nextSeq: seq + 1 });
  return seq;
}

const mostOps = async (tx) => (await tx.find("mostOps")) ?? MOST_OPS;

async function acknowledge(tx, opId) {
  const op = await tx.get("op", opId);
  if (op?.state === "waiting") await tx.put("op", { ...op, state: "acked", acked_at: Date.now() });
}

async function setAside(tx, opId, fault) {
  const op = await tx.get("op", opId);
  await tx.put("abandoned", { seq: op.seq });
  await tx.put("op", { ...op, state: "aside", seq: 0, fault });
}

// Delete what was acknowledged more than seven days ago; until then a restored server may want it again.
async function prune(tx, ackedThrough) {
  for (const op of await tx.all("op", "state", "acked")) {
    if (op.seq <= ackedThrough && op.acked_at < Date.now() - KEEP_ACKED_MS) await tx.remove("op", op.op_id);
  }
}
