// What a client does at an answer, as one table (docs/sync-clients.md; held to sync/client/vectors/answers.json).

const GENERAL = { 401: "log_in_then_same_bytes", 403: "give_up_and_keep", 404: "give_up_and_keep" };
const HALVED = { 400: "halve", 413: "halve", 415: "halve" };
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
};

// Tell whether no answer came, or a busy or failing server's: the same bytes may come through later.
export const isLost = (status) => status === 0 || status === 429 || status >= 500;

export function reaction(request, status, code) {
  const { good, codes, statuses } = TABLE[request];
  if (status >= 200 && status < 300) return good;
  if (isLost(status)) return "same_bytes_later";
  return codes[code] ?? statuses[status] ?? "give_up_and_keep";
}
