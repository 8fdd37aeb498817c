// The form of a visit that no task asks for: the only one that fits, or what he chooses among several.

import { ask, field } from "../../shell/dialog.js";
import { h } from "../../shell/dom.js";
import { notify } from "../../shell/states.js";
import { formsFor } from "../rules/choosing.js";

// The id of a version, null where there is none or he thought better of it.
export async function formFor(app, checkpoint) {
  const [tasks, versions, templates] = await Promise.all(["task", "template_version", "template"].map((name) => app.mirror.all(name)));
  const forms = formsFor(checkpoint.id, { tasks, versions, templates });
  if (forms.length > 1) return chosen(forms);
  if (forms.length === 0) notify("手机上还没有检查表，请联网同步后再开始（template_missing）", "bad");
  return forms[0]?.id ?? null;
}

async function chosen(forms) {
  const data = await ask({
    title: "用哪张检查表？",
    content: [
      h("p", {}, "这个检查点目前没有到期的任务，请选择这次检查使用的检查表。"),
      field("检查表", h("select", { name: "form" }, forms.map(({ id, name }) => h("option", { value: id }, name)))),
    ],
  });
  return data && data.get("form");
}
