// Whose phone this is. Without a network, or with a login that has ended, it is still the phone of whoever was last
// logged in: what he captured stays his and goes out after his next login.

import { get } from "../shell/api.js";

const KEY = "xunji.officer";

// { officer, problem }: the officer (null: nobody was ever logged in here), and why the server does not confirm him.
export async function whoIsThere() {
  try {
    const me = await get("/me", {}, { here: true });
    const officer = {
      id: me.user.id,
      name: me.user.name,
      bank: me.bank,
      roles: me.assignments.map((held) => held.role),
    };
    localStorage.setItem(KEY, JSON.stringify(officer));
    return { officer, problem: null };
  } catch (problem) {
    return { officer: JSON.parse(localStorage.getItem(KEY)), problem };
  }
}

export const storeName = ({ bank, id }) => `xunji-${bank.tag}-${id}`;
