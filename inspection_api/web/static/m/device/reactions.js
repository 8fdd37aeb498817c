// What a client does at an answer, as one table (docs/sync-clients.md; held to sync/client/vectors/answers.json).

const GENERAL = { 401: "log_in_then_same_bytes", 403: "give_up_and_keep", 404: "give_up_and_keep" };
const HALVED = { 400: "halve", 413: "halve", 415: "halve" };
const ASK = "ask_where_it_stands";
const NEW_BATCH = { batch_id_reused: "new_batch_id" };

const TABLE = {
  push: {
    good: "store",
    codes: { ...NEW_BATCH, signature_invalid: "enrol_again_then_sign_again", device_forked: "become_another_device_and_renumber" },
    statuses: { ...GENERAL, ...HALVED },
  },
  pull: {
    good: "apply",
    codes: { device_revoked: "wipe_when_outbox_is_empty" },
    statuses: { ...GENERAL, 410: "snapshot" },
  },
  parting: {
    good: "store_then_wipe",
    codes: { ...NEW_BATCH, signature_invalid: "sign_again" },
    statuses: { ...GENERAL, ...HALVED, 401: "give_up_and_keep" },
  },
  // 403 is about the login or the device, also where a HEAD has no body to say so; only `forbidden` is about the file.
  upload: {
    good: "go_on",
    codes: { offset_mismatch: ASK, upload_busy: ASK, checksum_mismatch: ASK, forbidden: "set_aside" },
    statuses: { 401: "log_in_then_same_bytes", 403: "wait" },
    otherwise: "set_aside",
  },
};
const LATER = [0, 408, 425, 429];

// Tell whether no answer of ours came (0: also where a proxy or a login page spoke), or a busy or failing server's: the
// same bytes may come through later.
export const isLost = (status) => LATER.includes(status) || status >= 500;

export function reaction(request, status, code) {
  const { good, codes, statuses, otherwise = "give_up_and_keep" } = TABLE[request];
  if (status >= 200 && status < 300) return good;
  if (isLost(status)) return "same_bytes_later";
  return codes[code] ?? statuses[status] ?? otherwise;
}
