// What the phone holds of the server: rows by (entity, id) with their version (sync.md §2, Pull).

import { encoded, hex, sha256 } from "./bytes.js";
import { noteReceipt } from "./outbox.js";

const APPLYING = ["setting", "row", "receipt"];

export class Mirror {
  constructor(store) {
    this.store = store;
  }

  cursor() {
    return this.store.find("cursor");
  }

  // Where a snapshot goes on: null where none is under way, empty where it begins.
  snapshot() {
    return this.store.find("snapshot");
  }

  // Apply a page and move the cursor, together; tell whether the phone is up to date now.
  async apply(page) {
    await this.store.write(APPLYING, async (tx) => {
      await applyAll(tx, page.changes);
      await tx.keep({ cursor: page.cursor });
      await tx.forget("wiped");
      if (page.consistent) await removeOlder(tx);
    });
    return page.consistent;
  }

  // Apply a page of a snapshot; behind the last one its cursor is the place from which to pull.
  applySnapshot(page) {
    return this.store.write(APPLYING, async (tx) => {
      await applyAll(tx, page.changes);
      if (page.has_more) return tx.keep({ snapshot: page.cursor });
      await tx.forget("snapshot");
      return tx.keep({ cursor: page.cursor });
    });
  }

  // Take a snapshot; what does not come with it is removed once everything has come.
  beginAgain() {
    return this.store.write(["setting"], async (tx) => {
      await tx.keep({ round: (await roundOf(tx)) + 1, snapshot: "" });
      await tx.forget("cursor");
    });
  }

  // Remove every row, and the names of what was captured; outbox and drafts stay.
  wipe() {
    return this.store.write(["setting", "row", "op"], async (tx) => {
      await tx.clear("row");
      for (const op of await tx.all("op")) await tx.put("op", { ...op, about: null });
      await tx.forget("cursor", "snapshot");
      await tx.keep({ wiped: true });
    });
  }

  // Whether the bank took its rows back, and gave none since.
  async isWiped() {
    return (await this.store.find("wiped")) !== null;
  }

  // The rows of an entity, each with `id`, `version` and its members.
  async all(entity) {
    const rows = await this.store.read(["row"], (tx) => tx.all("row", "e", entity));
    return rows.map(told);
  }

  async find(entity, id) {
    const row = await this.store.read(["row"], (tx) => tx.get("row", [entity, id]));
    return row === undefined ? null : told(row);
  }

  async digests() {
    return digestsOf(await this.store.read(["row"], (tx) => tx.all("row")));
  }
}

// The digest of every bucket of `rows` ({e, id, v}): by entity, then by the first byte of the id.
export async function digestsOf(rows) {
  const buckets = {};
  for (const { e, id, v } of [...rows].sort((one, other) => (one.id < other.id ? -1 : 1))) {
    const lines = ((buckets[e] ??= {})[id.slice(0, 2)] ??= []);
    lines.push(`${id}:${v}\n`);
  }
  for (const held of Object.values(buckets)) {
    for (const [bucket, lines] of Object.entries(held)) held[bucket] = hex(await sha256(encoded(lines.join(""))));
  }
  return buckets;
}

const told = ({ id, v, d }) => ({ id, version: v, ...d });

const roundOf = async (tx) => (await tx.find("round")) ?? 0;

async function applyAll(tx, changes) {
  const round = await roundOf(tx);
  for (const change of changes) await APPLY[change.k](tx, change, round);
}

const APPLY = {
  put: async (tx, { e, id, v, d }, round) => {
    const known = await tx.get("row", [e, id]);
    if (known === undefined || v >= known.v) await tx.put("row", { e, id, v, d, round });
  },
  del: (tx, { e, id }) => tx.remove("row", [e, id]),
  drop: (tx, { e, id }) => tx.remove("row", [e, id]),
  receipt: (tx, { k: _, ...result }) => noteReceipt(tx, result),
};

async function removeOlder(tx) {
  const round = await roundOf(tx);
  if ((await tx.find("cleanedRound")) === round) return;
  for (const row of await tx.all("row")) if (row.round < round) await tx.remove("row", [row.e, row.id]);
  await tx.keep({ cleanedRound: round });
}
