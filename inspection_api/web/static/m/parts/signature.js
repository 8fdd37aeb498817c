// A signature, written with the finger.

import { h } from "../../shell/dom.js";

const [WIDTH, HEIGHT] = [640, 280];

// The picture of it, null where he thought better of it.
export function sign() {
  return new Promise((resolve) => {
    const canvas = h("canvas", { width: WIDTH, height: HEIGHT, class: "pad", "aria-label": "签名区" });
    const context = canvas.getContext("2d");
    let answer = null;
    const save = async () => {
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      answer = { blob, mime: "image/png", width: WIDTH, height: HEIGHT, seconds: 0 };
      dialog.close();
    };
    const buttons = h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => dialog.close() }, "取消"), h("button", { type: "button", onclick: () => blank(context) }, "重写"), h("button", { type: "button", class: "primary", onclick: save }, "完成"));
    const dialog = h("dialog", { "aria-label": "签名", onclose: () => { dialog.remove(); resolve(answer); } }, canvas, buttons);
    blank(context);
    draw(canvas, context);
    document.body.append(dialog);
    dialog.showModal();
  });
}

function blank(context) {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.lineWidth = 4;
  context.lineCap = "round";
  context.strokeStyle = "#000";
}

function draw(canvas, context) {
  let isDown = false;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => { isDown = true; canvas.setPointerCapture(event.pointerId); context.beginPath(); context.moveTo(...at(event)); });
  canvas.addEventListener("pointermove", (event) => { if (isDown) { context.lineTo(...at(event)); context.stroke(); } });
  canvas.addEventListener("pointerup", () => { isDown = false; });
}
