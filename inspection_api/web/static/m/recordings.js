// Films and sound while they are made: every slice is written down as it comes, so that a browser that dies costs a
// second of them and a long film needs no memory. What was recorded and is no medium yet waits at its visit.

import { newId } from "./device/bytes.js";

const LOCK = "xunji-recording-";

// Keys that begin so; an array lies behind every text.
const range = (...keys) => IDBKeyRange.bound(keys, [...keys, []]);

export const ofVisit = (draftId) => range(draftId);

export class Recordings {
  constructor(store) {
    this.store = store;
  }

  // Begin one for { draft_id, item, kind }: `write` keeps a slice behind those before, `end` when no more will come. Until
  // then other tabs know that it goes on.
  begin(about) {
    const [id, { promise, resolve }] = [newId(), Promise.withResolvers()];
    navigator.locks.request(LOCK + id, () => promise);
    let place = 0;
    const write = (slice) => this.store.write(["slice"], (tx) => tx.put("slice", { ...about, recording_id: id, place: place++, ...slice }));
    return { id, write, end: resolve };
  }

  // What was recorded for a visit (or for all) and neither kept nor thrown away: a recording each, as far as it came.
  async interrupted(draftId) {
    const slices = await this.store.read(["slice"], (tx) => tx.all("slice", undefined, draftId && ofVisit(draftId)));
    const going = new Set((await navigator.locks.query()).held.map(({ name }) => name));
    return [...Map.groupBy(slices, (slice) => slice.recording_id).values()].map(joined).filter(({ id }) => !going.has(LOCK + id));
  }

  // One as a whole, undefined where nothing was recorded.
  async find(draftId, id) {
    const slices = await this.store.read(["slice"], (tx) => tx.all("slice", undefined, range(draftId, id)));
    return slices.length > 0 ? joined(slices) : undefined;
  }

  remove({ draft_id: draftId, id }) {
    return this.store.write(["slice"], (tx) => removed(tx, { draft_id: draftId, id }));
  }
}

// Remove its slices within a transaction.
export const removed = (tx, { draft_id: draftId, id }) => tx.remove("slice", range(draftId, id));

// The last slice knows how long it is, and when and where it came to an end.
function joined(slices) {
  const { recording_id: id, place: _, ...facts } = slices.at(-1);
  return { ...facts, id, blob: new Blob(slices.map((slice) => slice.blob), { type: facts.mime }) };
}
