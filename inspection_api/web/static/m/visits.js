// Visits that are being written: drafts on this phone, saved at every change, and what becomes of them.

import { hex, newId, sha256 } from "./device/bytes.js";
import { stamp } from "./device/clock.js";
import { ofVisit } from "./recordings.js";
import { isAnswered, shownItems } from "./rules/form.js";

const NO_ANSWER = ["media", "read_only"];

// The visit that should be submitted is no draft any more: another tap or another tab was first.
export class Gone extends Error {
  sentence = "这次检查已提交或已放弃，未重复提交（already_submitted）";
}

export class Visits {
  constructor(client) {
    this.client = client;
    this.store = client.store;
  }

  // Begin a visit that a scan has opened ({ qr, reason }: why it was typed); `isWeak`: the place could not be made sure of.
  async begin({ checkpoint, task, templateVersionId, scanned, fixes, isWeak = false, at = Date.now() }) {
    const draft = {
      id: newId(at),
      checkpoint_id: checkpoint.id,
      task_id: task?.id ?? null,
      template_version_id: templateVersionId,
      scan: { qr: scanned.qr, at, fixes, reason: scanned.reason ?? null },
      is_weak: isWeak,
      answers: {},
    };
    await this.store.write(["draft"], (tx) => tx.put("draft", draft));
    return draft;
  }

  // The draft of a checkpoint that was begun last, undefined where there is none.
  async lastOf(checkpointId) {
    const drafts = (await this.all()).filter((draft) => draft.checkpoint_id === checkpointId);
    return drafts.sort((one, other) => other.scan.at - one.scan.at)[0];
  }

  all() {
    return this.store.read(["draft"], (tx) => tx.all("draft"));
  }

  find(id) {
    return this.store.read(["draft"], (tx) => tx.get("draft", id));
  }

  // Keep a draft as it now stands; one that was submitted or thrown away meanwhile stays so.
  save(draft) {
    return this.store.write(["draft"], (tx) => saved(tx, draft));
  }

  media(id) {
    return this.store.read(["medium"], (tx) => tx.all("medium", "draft_id", id));
  }

  // Keep a medium that was made for an item of a visit, with where and when it was made. `also` may write more in the same
  // transaction, such as removing the slices of the recording that it was (whose id it then has).
  async addMedium(draftId, facts, also = () => null) {
    const medium = await mediumOf(draftId, facts);
    await this.store.write(["draft", "medium", "slice"], async (tx) => {
      await tx.put("medium", medium);
      await also(tx, medium);
    });
    return medium;
  }

  removeMedium(id) {
    return this.store.write(["medium"], (tx) => tx.remove("medium", id));
  }

  // Keep a drawn signature as the answer of its item, in the place of the one before.
  sign(draft, item, { made, fix, at, former }) {
    return this.addMedium(draft.id, { item: item.key, kind: "photo", made, fix, at }, async (tx, medium) => {
      for (const { id } of former) await tx.remove("medium", id);
      draft.answers[item.key] = { value: medium.id };
      await saved(tx, draft);
    });
  }

  // Take a signature back, and the answer with it.
  unsign(draft, item, id) {
    delete draft.answers[item.key];
    return this.store.write(["draft", "medium"], async (tx) => {
      await tx.remove("medium", id);
      await saved(tx, draft);
    });
  }

  // Throw a draft away with its media; nothing of it was ever sent.
  async discard(id) {
    const media = await this.media(id);
    await this.store.write(["draft", "medium", "slice"], async (tx) => {
      for (const medium of media) await tx.remove("medium", medium.id);
      await tx.remove("slice", ofVisit(id));
      await tx.remove("draft", id);
    });
  }

  // Put the finished visit into the outbox, and remove the draft in the same transaction; throws Gone where there is none.
  async submit(draft, form, fixes, { roles, about = null }) {
    const media = await this.media(draft.id);
    const shown = shownItems(form, draft.answers, roles).filter((item) => !NO_ANSWER.includes(item.type) && isAnswered(draft.answers[item.key]));
    const payload = {
      checkpoint_id: draft.checkpoint_id,
      task_id: draft.task_id,
      template_version_id: draft.template_version_id,
      scan: { qr: draft.scan.qr, at: stamp(draft.scan.at), fixes: draft.scan.fixes, ...(draft.scan.reason && { manual_reason: draft.scan.reason }) },
      fixes,
      answers: shown.map((item) => ({ item: item.key, ...draft.answers[item.key] })),
      media: media.map(manifest),
    };
    return this.client.outbox.capture("inspection.submit", draft.id, payload, {
      media: media.map((medium) => medium.id),
      about,
      also: (tx) => taken(tx, draft.id),
    });
  }

  // Say where an unbound checkpoint is: the text of its plate, positions, and the photo of the mounted plate
  // ({ made, fix, at }), which is kept with it or not at all.
  async bind(checkpoint, { qr, fixes, photo: taken, about = null }) {
    const photo = await mediumOf("", { item: null, kind: "photo", ...taken });
    const payload = { qr, fixes, photo: manifest(photo) };
    const also = (tx) => tx.put("medium", photo);
    return this.client.outbox.capture("checkpoint.bind", checkpoint.id, payload, { baseVersion: checkpoint.version, media: [photo.id], about, also });
  }

  // Say that nobody was met (`unmet`) or that the visit was refused (`refused`).
  unmet(checkpoint, { reason, note, task, fixes, about = null }) {
    const payload = { checkpoint_id: checkpoint.id, task_id: task?.id ?? null, reason, note, fixes };
    return this.client.outbox.capture("visit.unmet", newId(), payload, { about });
  }
}

async function mediumOf(draftId, { item, kind, made, fix, at = Date.now() }) {
  const { id = newId(at), blob, mime, width, height, seconds } = made;
  return {
    id, draft_id: draftId, state: "draft", item, kind, mime: mime.split(";")[0], blob, width, height, seconds,
    bytes: blob.size, sha256: hex(await sha256(await blob.arrayBuffer())), captured: at, fix, location: null, fault: null,
  };
}

async function saved(tx, draft) {
  if ((await tx.get("draft", draft.id)) !== undefined) await tx.put("draft", draft);
}

async function taken(tx, id) {
  if ((await tx.get("draft", id)) === undefined) throw new Gone();
  await tx.remove("slice", ofVisit(id));
  await tx.remove("draft", id);
}

// A medium as an operation declares it (domain.md §4.2).
const manifest = ({ id, item, kind, mime, bytes, sha256: digest, captured, fix, width, height, seconds }) => ({
  id, item, kind, mime, bytes, sha256: digest, captured: stamp(captured), fix, width, height, seconds, source: "browser_camera",
});
