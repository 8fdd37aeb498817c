// The login page: it leads whoever is logged in to the page that he came for, or to his own.

import { get, post } from "../shell/api.js";
import { field } from "../shell/dialog.js";
import { h, show } from "../shell/dom.js";
import { homeOf } from "../shell/pages.js";
import { failed, loading } from "../shell/states.js";

const BANK = "xunji.bank";

// Only an address of ours: a path that is neither "//host" nor "/\host".
function wanted() {
  const next = new URLSearchParams(location.search).get("next") || "";
  return /^\/(?![/\\])/.test(next) ? next : null;
}

const lead = (me) => location.replace(wanted() || homeOf(me));

const input = (name, attributes) => h("input", { name, required: true, autocapitalize: "off", spellcheck: "false", ...attributes });

function form() {
  const bank = localStorage.getItem(BANK);
  const trouble = h("div", {});
  const button = h("button", { class: "primary" }, "登录");
  const made = h(
    "form",
    { class: "card", onsubmit: (event) => submit(event, button, trouble) },
    h("h1", {}, "登录巡迹"),
    h("p", { class: "faint" }, "贷后检查现场核查系统"),
    field("银行代码", input("bank", { autocomplete: "organization", maxlength: 20, value: bank, autofocus: bank === null })),
    field("用户名", input("username", { autocomplete: "username", maxlength: 60, autofocus: bank !== null })),
    field("密码", input("password", { type: "password", autocomplete: "current-password", maxlength: 200 })),
    trouble,
    button,
  );
  return made;
}

async function submit(event, button, trouble) {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(event.target));
  button.disabled = true;
  show(trouble);
  try {
    await post("/sessions/page", given, { here: true });
    localStorage.setItem(BANK, given.bank);
    lead(await get("/me"));
  } catch (error) {
    show(trouble, failed(error));
    event.target.elements.password.select();
  } finally {
    button.disabled = false;
  }
}

async function begin() {
  const main = h("main", { class: "login" }, loading());
  document.body.append(main);
  try {
    lead(await get("/me", {}, { here: true }));
  } catch (error) {
    show(main, error.status === 401 ? form() : failed(error, () => location.reload()));
    main.querySelector("[autofocus]")?.focus();
  }
}

begin();
