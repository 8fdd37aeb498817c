// Asking the person who sits there: a modal dialog with a form; Esc and 取消 answer null.

import { h, show } from "./dom.js";
import { failed } from "./states.js";

let fields = 0;

// A labelled field: `control` is an input, select or textarea made with h(); `hint` stands below it.
export function field(label, control, hint = null) {
  control.id = control.id || `field-${++fields}`;
  const note = hint && h("p", { class: "hint", id: `${control.id}-hint` }, hint);
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note);
}

// What a form's fields are called by their labels.
const namesIn = (form) => Object.fromEntries([...form.elements].filter((each) => each.name && each.labels.length > 0).map((each) => [each.name, each.labels[0].textContent]));

// Ask, and return what `submit(FormData)` resolves to; while it runs the button waits, and its failure stands in the
// dialog, so that nothing that was typed is lost. Without `submit` the answer is the FormData. `cancel` null: there is
// nothing to take back. `wide` gives room for what a decision rests on.
export function ask({ title, content = [], confirm = "确定", cancel = "取消", danger = false, wide = false, submit = (data) => data }) {
  return new Promise((resolve) => {
    let answer = null;
    const trouble = h("div", {});
    const button = h("button", { class: danger ? "danger" : "primary" }, confirm);
    const heading = `dialog-${++fields}`;
    const dialog = h(
      "dialog",
      { "aria-labelledby": heading, class: wide && "wide", onclose: () => { dialog.remove(); resolve(answer); } },
      h(
        "form",
        {
          onsubmit: async (event) => {
            event.preventDefault();
            const form = event.target;
            button.disabled = true;
            show(trouble);
            try {
              answer = await submit(new FormData(form));
              dialog.close();
            } catch (error) {
              show(trouble, failed(error, null, namesIn(form)));
              trouble.scrollIntoView({ block: "center" }); // behind a long case nobody would see it
            } finally {
              button.disabled = false;
            }
          },
        },
        h("h2", { id: heading }, title),
        content,
        trouble,
        h("p", { class: "buttons" }, cancel && h("button", { type: "button", onclick: () => dialog.close() }, cancel), button),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
