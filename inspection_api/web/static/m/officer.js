// Whose phone this is. Without a network, or with a login that has ended, it is still the phone of whoever was last
// logged in: what he captured stays his and goes out after his next login.

import { get } from "../shell/api.js";
import { Store } from "./device/store.js";

const EVERYBODY = "xunji";

// { officer, problem }: the officer (null: nobody was ever logged in here), and why the server does not confirm him.
// He is remembered where a phone that runs out of power forgets nothing, which browsers do not promise of localStorage.
export async function whoIsThere() {
  const store = await Store.open(EVERYBODY);
  try {
    const me = await get("/me", {}, { here: true });
    const officer = {
      id: me.user.id,
      name: me.user.name,
      bank: me.bank,
      roles: me.assignments.map((held) => held.role),
    };
    await store.keep({ officer });
    return { officer, problem: null };
  } catch (problem) {
    return { officer: await store.find("officer"), problem };
  } finally {
    store.close();
  }
}

export const storeName = ({ bank, id }) => `xunji-${bank.tag}-${id}`;
