// What the server says of a scan, here and now. Its sentence wins; the phone's own rules speak only where it is silent.

import { post } from "../../shell/api.js";

const PATIENCE_MS = 5000;
const SAID = ["qr_invalid", "qr_revoked", "not_found", "mock", "stale", "outside", "too_coarse"];

// { code, sentence, mayStart, checkpointId }, null where it cannot be asked: no network, no login, a busy server.
export async function asked(qr, fixes) {
  try {
    const { answer, checkpoint } = await post("/checkpoints/scan", { qr, fixes }, { here: true, patienceMs: PATIENCE_MS });
    return { code: answer.code, sentence: `${answer.sentence}（${answer.code}）`, mayStart: answer.may_start, checkpointId: checkpoint.id };
  } catch (problem) {
    if (!SAID.includes(problem.code)) return null;
    return { code: problem.code, sentence: problem.sentence, mayStart: false, checkpointId: null };
  }
}
