// The line to the server: patience with what is lost, and no word lost about what was refused (sync.md §2).

import { jsonOf } from "../../shell/api.js";
import { isLost } from "./reactions.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

// No answer came after several tries; everything waits on the phone.
export class Offline extends Error {
  sentence = "网络不通，请联网后重试（network_unreachable）";
}

export class Line {
  // `send(method, path, options)` resolves to a good Response or throws a Problem; `pause(ms)` waits between two tries.
  constructor(send, { pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms)), patience = 4 } = {}) {
    this.send = send;
    this.pause = pause;
    this.patience = patience;
  }

  // Send the same bytes until an answer comes, and return its JSON; throws Offline, or the Problem that the server answered.
  json(method, path, options) {
    return this.patiently(async () => jsonOf(await this.send(method, path, options)));
  }

  async patiently(action) {
    for (let attempt = 0; attempt < this.patience; attempt += 1) {
      try {
        return await action();
      } catch (problem) {
        if (!isLost(problem.status)) throw problem;
        if (!navigator.onLine) break; // the phone itself says that nothing can come through
        if (attempt + 1 < this.patience) await this.rest(problem, attempt);
      }
    }
    throw new Offline();
  }

  // Leave the server alone as long as it asked for and a random while more, so that a thousand phones spread out.
  rest(problem, attempt = 0) {
    const bound = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    return this.pause((problem.retryAfterS ?? 0) * 1000 + bound / 2 + (Math.random() * bound) / 2);
  }
}
