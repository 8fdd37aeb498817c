// Keeps the phone's page and its files, so that it opens without a network. Data is the page's own business.
//
// Every version has a cache of its own. The one before stays, since a page of that version may still be open; nothing
// that an officer captured lies here.

const CACHE = "xunji-page-{{ version }}";
const PAGE = "/m";
const FILES = {{ files | tojson }};

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (event.request.mode === "navigate" && pathname === PAGE) event.respondWith(page(event.request));
  if (pathname.startsWith("/assets/")) event.respondWith(file(event.request));
});

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll([PAGE, ...FILES]);
  await self.skipWaiting();
}

async function activate() {
  const ours = (await caches.keys()).filter((name) => name.startsWith("xunji-page-"));
  for (const name of ours.filter((each) => each !== CACHE).slice(0, -1)) await caches.delete(name);
  await self.clients.claim();
}

// The kept page, at once: on a bad line nobody waits for it, and its files are always of its own version. A new version
// is looked for by the browser itself while this one is open, and stands at the next opening.
async function page(request) {
  return (await (await caches.open(CACHE)).match(PAGE)) ?? fetch(request);
}

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}
