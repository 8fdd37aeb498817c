// Who this phone is: an id and an Ed25519 key of its own making. The browser keeps the key and never gives it out.

import { base64url, encoded } from "./bytes.js";

const ALGORITHM = "Ed25519";

// Tell whether this browser can make and keep such keys (a secure context, and a browser of about 2024 or newer).
export async function canSign() {
  try {
    await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

const KINDS = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android 手机"], [/Windows/, "Windows 电脑"], [/Mac OS/, "Mac 电脑"]];

// What whoever approves it calls this device: a phone, or a PC that should be none.
export const deviceName = (agent = navigator.userAgent) => `${KINDS.find(([pattern]) => pattern.test(agent))?.[1] ?? "电脑"}浏览器`;

// The identity, made at the first call.
export async function identityOf(store) {
  return (await store.find("identity")) ?? renewed(store);
}

// Become another device: at first, and after a fork, or where the bank knows the old id with another key.
export async function renewed(store) {
  const identity = await newIdentity();
  await store.keep({ identity });
  return identity;
}

export async function newIdentity() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  return { deviceId: crypto.randomUUID(), key: privateKey, publicKey: base64url(raw) };
}

// The `Device-Signature` of exactly these bytes (or of a text in UTF-8).
export async function signed(identity, body) {
  const bytes = typeof body === "string" ? encoded(body) : body;
  return `ed25519=${base64url(new Uint8Array(await crypto.subtle.sign(ALGORITHM, identity.key, bytes)))}`;
}
