// Choosing 2 to 20 organisations to stand side by side.

import { h } from "../shell/dom.js";
import { go } from "./address.js";
import { below, places } from "./places.js";

const FEWEST = 2;
const MOST = 20;

export const comparable = (number) => number >= FEWEST && number <= MOST;

export async function chooser(view) {
  const known = await places();
  const chosen = new Set(view.organisation_ids || []);
  const parent = known.get(view.organisation_id);
  const inside = [...known.values()].filter((place) => place.path.some((each) => each.id === view.organisation_id));
  const groups = Map.groupBy ? Map.groupBy(inside, above) : grouped(inside);
  const said = h("p", { class: "faint", role: "status" });
  const button = h("button", { class: "primary" }, "对比");
  const refresh = () => {
    said.textContent = `已选 ${chosen.size} 家，可选 ${FEWEST} 至 ${MOST} 家`;
    button.disabled = !comparable(chosen.size);
  };
  refresh();
  return h(
    "section",
    { class: "card" },
    h("h2", {}, `选择要对比的${below(parent?.kind)}和下级机构`),
    h(
      "form",
      { onsubmit: (event) => { event.preventDefault(); go({ ...view, view: "report", report: "comparison", organisation_ids: [...chosen] }); } },
      [...groups].map(([name, members]) =>
        h("details", { open: groups.size <= 2 || members.some((place) => chosen.has(place.id)) }, h("summary", {}, `${name}（${members.length}）`), h("div", { class: "choices" }, members.map((place) => box(place, chosen, refresh)))),
      ),
      h("div", { class: "row spread" }, said, button),
    ),
  );
}

const above = (place) => place.path.at(-2)?.name || place.name;

function grouped(inside) {
  const found = new Map();
  for (const place of inside) found.set(above(place), [...(found.get(above(place)) || []), place]);
  return found;
}

function box(place, chosen, refresh) {
  const change = (event) => {
    if (event.target.checked) chosen.add(place.id);
    else chosen.delete(place.id);
    refresh();
  };
  return h("label", { class: "choice" }, h("input", { type: "checkbox", checked: chosen.has(place.id), onchange: change }), place.name);
}
