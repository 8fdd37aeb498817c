// What a scanned text is, as far as the phone can tell without the server (domain.md §0; vectors: plate.json).

const ALPHABET = "0-9A-HJKMNP-TV-Z";
const FORM = new RegExp(`^XJ1\\.([0-9A-F]{8})\\.([${ALPHABET}]{16})\\.([1-9][0-9]{0,5})\\.([A-Z2-7]{26})$`);
const MAX_LENGTH = 80;

// The parts of a plate's text, null if it is anything else.
export function parse(text) {
  const match = text.length <= MAX_LENGTH ? FORM.exec(text) : null;
  if (match === null) return null;
  const [, tag, publicId, generation, mac] = match;
  return { bank_tag: tag.toLowerCase(), public_id: publicId, generation: Number(generation), mac };
}

// What a plate means among the checkpoints that the phone holds: { state, checkpoint }. States: not_a_plate,
// other_bank (bankTag null: unknown), not_mine, unknown_plate, revoked, unbound, right.
export function recognise(text, checkpoints, { bankTag = null, now = Date.now() } = {}) {
  const plate = parse(text);
  if (plate === null) return { state: "not_a_plate", checkpoint: null };
  if (bankTag !== null && plate.bank_tag !== bankTag) return { state: "other_bank", checkpoint: null };
  const checkpoint = checkpoints.find((each) => each.public_id === plate.public_id) ?? null;
  if (checkpoint === null) return { state: "not_mine", checkpoint };
  return { state: stateOf(plate, checkpoint, now), checkpoint };
}

// The checkpoint whose code, printed beside the symbol, was typed; null where the phone holds none of that code.
export const named = (code, checkpoints) => checkpoints.find((each) => each.code.toUpperCase() === code.trim().toUpperCase()) ?? null;

function stateOf(plate, checkpoint, now) {
  const issued = checkpoint.plates.find((each) => each.generation === plate.generation);
  if (issued === undefined) return "unknown_plate";
  if (issued.valid_until !== null && Date.parse(issued.valid_until) <= now) return "revoked";
  return checkpoint.state === "unbound" ? "unbound" : "right";
}
