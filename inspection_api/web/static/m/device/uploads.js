// Media by tus 1.0: created once, then resumed where the server stands until every byte is there (sync.md §7).

import { unreadable } from "../../shell/api.js";
import { base64, encoded, sha256 } from "./bytes.js";
import { isLost, reaction } from "./reactions.js";

// What a cut costs at most: a chunk is checked as a whole, so half a chunk is thrown away.
const CHUNK_BYTES = 1 << 18;
const TUS = { "Tus-Resumable": "1.0.0" };
const PATIENCE_MS = 120_000;
const FOR_EVER = 410; // media_refused, which a HEAD has no body to say
const KEEP_STORED_MS = 7 * 86_400_000;

export class Uploads {
  constructor(store, line) {
    this.store = store;
    this.line = line;
  }

  waiting() {
    return this.store.read(["medium"], (tx) => tx.all("medium", "state", "waiting"));
  }

  // Let a medium that was set aside wait again, from its first byte.
  again(id) {
    return this.#note(id, { state: "waiting", location: null, fault: null, is_refused: false });
  }

  // Upload everything that waits, also what is captured meanwhile, and return how many were stored; `told(medium, offset)`
  // hears how far each is. What the server can never take is set aside with the reason and holds nothing up; a login that
  // ended or a device that counts no more ends the run.
  async run(told = () => null) {
    let stored = 0;
    for (let [medium] = await this.waiting(); medium !== undefined; [medium] = await this.waiting()) {
      if (await this.#upload(medium, told)) stored += 1;
    }
    await this.#forget();
    return stored;
  }

  // Delete what was stored more than seven days ago; until then a restored server may want it again.
  async #forget() {
    const stored = await this.store.read(["medium"], (tx) => tx.all("medium", "state", "stored"));
    const old = stored.filter((medium) => medium.stored_at < Date.now() - KEEP_STORED_MS);
    if (old.length > 0) await this.store.write(["medium"], async (tx) => { for (const { id } of old) await tx.remove("medium", id); });
  }

  async #upload(medium, told) {
    try {
      while (!(await this.line.patiently(() => this.#resume(medium, told))));
    } catch (problem) {
      if (problem.status === undefined || does(problem) !== "set_aside") throw problem;
      await this.#note(medium.id, { state: "aside", fault: problem.sentence, is_refused: problem.status === FOR_EVER });
      return false;
    }
    await this.#note(medium.id, { state: "stored", fault: null, stored_at: Date.now() });
    return true;
  }

  // Send what is missing; tell whether all is there. A cut after some progress costs no patience, only a pause.
  async #resume(medium, told) {
    const start = await this.#standsAt(medium);
    let offset = start;
    try {
      while (offset < medium.bytes) {
        offset = await this.#append(medium, offset);
        told(medium, offset);
      }
    } catch (problem) {
      if (offset === start || !isLost(problem.status)) throw problem;
      await this.line.rest(problem);
    }
    return offset === medium.bytes;
  }

  async #standsAt(medium) {
    if (!medium.location) return this.#create(medium);
    return offsetOf(await this.#asked("HEAD", medium.location, { headers: TUS }));
  }

  async #create(medium) {
    const facts = { id: medium.id, sha256: medium.sha256, filetype: medium.mime };
    const said = Object.entries(facts).map(([name, value]) => `${name} ${base64(encoded(value))}`).join(",");
    const headers = { ...TUS, "Upload-Length": String(medium.bytes), "Upload-Metadata": said };
    const answer = await this.#asked("POST", "/media", { headers });
    const offset = offsetOf(answer);
    medium.location = answer.headers.get("Location").replace(/^.*\/api\/v1/, "");
    await this.#note(medium.id, { location: medium.location });
    return offset;
  }

  async #append(medium, offset) {
    const chunk = new Uint8Array(await medium.blob.slice(offset, offset + CHUNK_BYTES).arrayBuffer());
    const headers = {
      ...TUS,
      "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(offset),
      "Upload-Checksum": `sha256 ${base64(await sha256(chunk))}`,
    };
    return offsetOf(await this.#asked("PATCH", medium.location, { headers, body: chunk, patienceMs: PATIENCE_MS }));
  }

  // Where the server stands elsewhere than we thought, that is as if nothing had come through.
  async #asked(method, path, options) {
    try {
      return await this.line.send(method, path, options);
    } catch (problem) {
      if (does(problem) === "ask_where_it_stands") problem.status = 0;
      throw problem;
    }
  }

  #note(id, members) {
    return this.store.write(["medium"], async (tx) => tx.put("medium", { ...(await tx.get("medium", id)), ...members }));
  }
}

// Where an upload stands; an answer that does not say so is none of ours.
export function offsetOf(answer) {
  const said = answer.headers.get("Upload-Offset");
  if (said === null) throw unreadable();
  return Number(said);
}

const does = ({ status, code }) => reaction("upload", status, code);

export const isAboutTheDevice = (problem) => ["log_in_then_same_bytes", "wait"].includes(does(problem));
