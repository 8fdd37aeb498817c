// The reports that I may read, with the columns of the lists behind their numbers; asked for once.

import { get } from "../shell/api.js";

let asked = null;

export function catalogue() {
  asked = asked || get("/reports").then((answer) => answer.items).catch((error) => { asked = null; throw error; });
  return asked;
}
