// The organisations that I may see, asked for once while the page is open.

import { all } from "../shell/api.js";

const BELOW = { province: "分行", branch: "支行", sub_branch: "网点" };
let asked = null;

// A map by id, each with `path`: the organisations from the top down to it.
export function places() {
  asked = asked || load().catch((error) => { asked = null; throw error; });
  return asked;
}

// How the organisations directly below one are called together.
export const below = (kind) => BELOW[kind] || "机构";

async function load() {
  const { items } = await all("/organisations", {}, 10_000);
  const found = new Map(items.map((place) => [place.id, place]));
  for (const place of items) {
    const parent = found.get(place.parent_id);
    place.path = parent ? [...parent.path, place] : [place]; // the list is in the order of the tree
  }
  return found;
}
