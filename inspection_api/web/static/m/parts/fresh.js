// What stands on the screen follows what the phone learns: at every change, and once a minute for what runs out.

import { show } from "../../shell/dom.js";
import { fill, takeTurn } from "../../shell/states.js";

const EVERY_MS = 60_000;

// Fill `place` with the node that `load` makes and keep it fresh; returns how that ends.
export async function keptFresh({ runner }, place, load) {
  const renewed = () => runner.state !== "busy" && renew(place, load);
  runner.addEventListener("change", renewed);
  const timer = setInterval(renewed, EVERY_MS);
  await fill(place, load);
  return () => { clearInterval(timer); runner.removeEventListener("change", renewed); };
}

// What has not changed stays where it is, since a button that is made anew under the finger hears no tap; so does what
// nobody can be asked about just now. A first look that is still on its way is begun again: it may not have seen what is new.
async function renew(place, load) {
  if (place.hasAttribute("aria-busy")) return fill(place, load);
  const isLatest = takeTurn(place);
  const made = await load().catch(() => null);
  if (made !== null && isLatest() && !place.firstChild?.isEqualNode(made)) show(place, made);
  return null;
}
