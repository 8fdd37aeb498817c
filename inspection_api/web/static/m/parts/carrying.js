// Taking what was captured to another browser: the outbox with its media and drafts as one file, and back.
//
// The file is a line of JSON, then the media one after the other. Operations keep their ids, so bringing a file in
// twice, or after the first phone has sent it after all, has no second effect on the server.

const MAGIC = "xunji-outbox/2";
const SOURCES = ["op", "medium", "draft"];
const READABLE_BYTES = 64 << 20;

// The file is another officer's, or another bank's: what is in it would be signed and sent as this one's.
class OfAnother extends Error {
  sentence = "这是另一位客户经理的数据文件，没有导入：请用他本人的账号登录后导入（file_of_another）";
}

// `owner` names the officer and his bank.
export async function exported(store, owner) {
  const { ops, media, drafts } = await store.read(SOURCES, async (tx) => ({
    ops: (await tx.all("op")).filter((op) => op.state !== "acked"),
    media: (await tx.all("medium")).filter((medium) => medium.state !== "stored"),
    drafts: await tx.all("draft"),
  }));
  const head = { format: MAGIC, owner, ops, drafts, media: media.map(({ blob, ...facts }) => ({ ...facts, bytes: blob.size })) };
  const name = `xunji-${new Date().toISOString().slice(0, 10)}.xunji`;
  return new File([`${JSON.stringify(head)}\n`, ...media.map((medium) => medium.blob)], name, { type: "application/octet-stream" });
}

// Bring an own file in; return how many operations were new. Everything of it comes in, or nothing; what could not be
// uploaded on the other phone is tried again on this one.
export async function imported(client, file, owner) {
  const { head, start } = await headOf(file);
  if (head.owner !== owner) throw new OfAnother();
  let offset = start;
  const media = head.media.map((facts) => {
    const blob = file.slice(offset, offset + facts.bytes, facts.mime);
    offset += facts.bytes;
    return { ...facts, state: facts.state === "aside" ? "waiting" : facts.state, blob, location: null };
  });
  if (offset !== file.size) throw new Error("the file is cut");
  const kept = await Promise.all(media.map(async (medium) => ({ ...medium, blob: new Blob([await medium.blob.arrayBuffer()], { type: medium.mime }) })));
  return client.store.write(["setting", ...SOURCES], (tx) => taken(tx, head, kept));
}

async function headOf(file) {
  const text = await file.slice(0, READABLE_BYTES).arrayBuffer();
  const bytes = new Uint8Array(text);
  const end = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  if (head.format !== MAGIC) throw new Error("not one of our files");
  return { head, start: end + 1 };
}

async function taken(tx, head, media) {
  let brought = 0;
  for (const op of head.ops) {
    if ((await tx.get("op", op.op_id)) !== undefined) continue;
    await tx.put("op", { ...op, state: "waiting", seq: await next(tx) });
    brought += 1;
  }
  for (const medium of media) if ((await tx.get("medium", medium.id)) === undefined) await tx.put("medium", medium);
  for (const draft of head.drafts) if ((await tx.get("draft", draft.id)) === undefined) await tx.put("draft", draft);
  return brought;
}

async function next(tx) {
  const seq = (await tx.find("nextSeq")) ?? 1;
  await tx.keep({ nextSeq: seq + 1 });
  return seq;
}
