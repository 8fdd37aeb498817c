// What a view shows where what it is about is not on the phone, and the way back.

import { h, show } from "../../shell/dom.js";
import { empty } from "../../shell/states.js";

export function absent(place, words) {
  show(place, empty(words), h("a", { class: "button", href: "#/" }, "返回"));
  return null;
}
