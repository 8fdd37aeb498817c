// What changes by itself stands still while a finger lies on the screen: a button that is made anew under it hears no tap.

import { show } from "../../shell/dom.js";

const HEARD_MS = 150; // a tap is heard a moment after the finger is gone

const waiting = new Map();
let [isTouched, letGo] = [false, 0];

addEventListener("pointerdown", () => { isTouched = true; clearTimeout(letGo); }, true);
for (const gone of ["pointerup", "pointercancel"]) addEventListener(gone, () => { letGo = setTimeout(release, HEARD_MS); }, true);

// Put these children in the place of what it holds, as soon as no finger is there; of several times the last counts.
export function renew(place, ...children) {
  if (isTouched) waiting.set(place, children);
  else show(place, ...children);
}

function release() {
  isTouched = false;
  for (const [place, children] of waiting) show(place, ...children);
  waiting.clear();
}
