// The evidence of a record for whoever reads it: photos small, and every stored medium with a link to its original, as
// far as the server lets him have them.

import { address } from "./api.js";
import { h } from "./dom.js";
import { size } from "./format.js";

const KINDS = { photo: "图片", video: "视频", audio: "语音", signature: "签名" };
const ABSENT = { declared: "未上传", refused: "未通过校验" };

const original = (id, ...content) => h("a", { href: address(`/media/${id}/original`), target: "_blank", rel: "noopener" }, content);

const small = (id, alt, missing) =>
  h("img", { src: address(`/media/${id}/thumbnail`), alt, loading: "lazy", onerror: (event) => event.target.replaceWith(missing) });

// A photo small; a tap opens the original, which the server notes.
export const thumbnail = (id) => original(id, small(id, "现场图片，点按查看原图", "查看原图（没有缩略图）"));

const photo = ({ id, access }) => (access === "original" ? thumbnail(id) : small(id, "现场图片", "没有缩略图"));

// The photos that are there, then everything else in words.
export function evidence(media = []) {
  const photos = media.filter((medium) => medium.kind === "photo" && medium.status === "stored" && medium.access !== "none");
  const others = media.filter((medium) => !photos.includes(medium));
  return [
    photos.length > 0 && h("ul", { class: "thumbs" }, photos.map((medium) => h("li", {}, photo(medium)))),
    others.length > 0 && h("ul", { class: "others" }, others.map((medium) => h("li", {}, said(medium)))),
  ];
}

function said(medium) {
  const words = `${KINDS[medium.kind] ?? medium.kind} · ${size(medium.bytes)}`;
  if (medium.status !== "stored") return `${words} · ${ABSENT[medium.status] ?? medium.status}`;
  return medium.access === "original" ? original(medium.id, `${words} · 查看原件`) : `${words} · 无权查看`;
}
