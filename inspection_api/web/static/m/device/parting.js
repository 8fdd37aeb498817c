// What a phone may still say once it has ended, or its officer was disabled: its outbox with its files, without a
// login, by its own signature (sync.md §4, docs/decisions/0012-parting-devices.md).

import { signed } from "./identity.js";
import { Uploads } from "./uploads.js";

const FOLDER = "/sync/media/";

// All is said and the bank's rows are gone; only its manager can help this phone.
export class Ended extends Error {
  members = { wipe: true };
}

// `send` for requests that name the device and carry its signature; a push is signed already, an upload is signed here.
export const partingSend = (send, identity, bankTag) => async (method, path, options) => {
  const headers = { ...options.headers, "Device-Bank": bankTag, "Device-Id": identity.deviceId };
  if (path.startsWith(FOLDER)) headers["Device-Signature"] = await signed(identity, textOf(method, path, headers));
  return send(method, path, { ...options, headers });
};

// Which medium is meant, where it goes on and which bytes come: a line each.
const textOf = (method, path, headers) =>
  `${method} ${path.slice(FOLDER.length)}\n${headers["Upload-Offset"] ?? ""}\n${headers["Upload-Checksum"] ?? ""}`;

// The media that operations have declared; nothing new can be.
export class PartingUploads extends Uploads {
  async waiting() {
    return (await super.waiting()).map((medium) => ({ ...medium, location: `${FOLDER}${medium.id}` }));
  }
}
