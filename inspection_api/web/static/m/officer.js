// Whose phone this is. Without a network, or with a login that has ended, it is still the phone of whoever was last
// logged in: what he captured stays his and goes out after his next login.

import { get } from "../shell/api.js";
import { Store } from "./device/store.js";

const EVERYBODY = "xunji";
const PATIENCE_MS = 3000;

// { officer, problem, told }: the officer (null: nobody was ever logged in here), why the server does not confirm him,
// and a promise of the same by the server's word alone: on a line that hangs, who is remembered is not kept waiting.
export async function whoIsThere() {
  const officer = await inStore((store) => store.find("officer")); // first: without a store there is nobody to ask after
  const told = confirmed();
  if (officer === null) return { ...(await told), told };
  const remembered = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, { officer, problem: null }));
  return { ...(await Promise.race([told, remembered])), told };
}

// He is remembered where a phone that runs out of power forgets nothing, which browsers do not promise of localStorage.
async function confirmed() {
  try {
    const me = await get("/me", {}, { here: true });
    const officer = {
      id: me.user.id,
      name: me.user.name,
      bank: me.bank,
      roles: me.assignments.map((held) => held.role),
    };
    await inStore((store) => store.write(["setting"], (tx) => remembered(tx, officer)));
    return { officer, problem: null };
  } catch (problem) {
    return { officer: await inStore((store) => store.find("officer")), problem };
  }
}

// Whoever was logged in here stays known by name: what he captured may still wait on this phone.
async function remembered(tx, officer) {
  const last = await tx.find("officer");
  const names = { ...(await tx.find("names")), ...(last && { [storeName(last)]: last.name }), [storeName(officer)]: officer.name };
  await tx.keep({ officer, names });
}

// The names of all who were logged in here, by the names of their stores.
export const namesOnThisPhone = async () => (await inStore((store) => store.find("names"))) ?? {};

async function inStore(work) {
  const store = await Store.open(EVERYBODY);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

export const storeName = ({ bank, id }) => `xunji-${bank.tag}-${id}`;
