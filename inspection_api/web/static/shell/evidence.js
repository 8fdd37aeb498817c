// The evidence of a record for whoever reads it: photos small, and every stored medium with a link to its original.

import { address } from "./api.js";
import { h } from "./dom.js";
import { size } from "./format.js";

const KINDS = { photo: "图片", video: "视频", audio: "语音", signature: "签名" };
const ABSENT = { declared: "未上传", refused: "未通过校验" };

const original = (id, ...content) => h("a", { href: address(`/media/${id}/original`), target: "_blank", rel: "noopener" }, content);

// A photo small; a tap opens the original, which the server notes.
export const thumbnail = (id) =>
  original(id, h("img", { src: address(`/media/${id}/thumbnail`), alt: "现场图片，点按查看原图", loading: "lazy", onerror: (event) => event.target.replaceWith("查看原图（没有缩略图）") }));

// The photos that are there, then everything else in words.
export function evidence(media = []) {
  const photos = media.filter((medium) => medium.kind === "photo" && medium.status === "stored");
  const others = media.filter((medium) => !photos.includes(medium));
  return [
    photos.length > 0 && h("ul", { class: "thumbs" }, photos.map((medium) => h("li", {}, thumbnail(medium.id)))),
    others.length > 0 && h("ul", { class: "others" }, others.map((medium) => h("li", {}, said(medium)))),
  ];
}

function said(medium) {
  const words = `${KINDS[medium.kind] ?? medium.kind} · ${size(medium.bytes)}`;
  return medium.status === "stored" ? original(medium.id, `${words} · 查看原件`) : `${words} · ${ABSENT[medium.status] ?? medium.status}`;
}
