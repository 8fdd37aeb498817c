// No room on the phone: the one failure of the store that its officer can mend, so it says how.

export const FULL = "手机空间不足，未能保存：请先联网上传待传资料，或清理手机空间后重试（storage_full）";

const NAME = "QuotaExceededError"; // as browsers call it

export class Full extends Error {
  name = NAME;
  sentence = FULL;
}

export const isFull = (error) => error?.name === NAME;
