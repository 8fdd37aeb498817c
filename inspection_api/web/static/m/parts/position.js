// Where the phone is: the positions of the last minutes, as the protocol wants them.

const KEPT_MS = 300_000;
const MOST_FIXES = 12;
const RESTED_MS = 5000;
const OPTIONS = { enableHighAccuracy: true, maximumAge: 0, timeout: 30_000 };
const TROUBLES = {
  1: ["location_refused", "没有定位权限：请在浏览器设置中允许本网站使用位置，然后返回重试"],
  2: ["location_unavailable", "暂时无法定位：请打开手机定位，移到开阔处再试"],
  3: ["location_timeout", "定位超时：请移到开阔处，稍候会自动重试"],
};

export class Position extends EventTarget {
  constructor() {
    super();
    this.seen = [];
    this.trouble = null;
  }

  // Watch from now on; the browser asks the person once.
  begin() {
    if (!("geolocation" in navigator)) return this.#fail("location_missing", "此浏览器不支持定位，请更换浏览器");
    this.watch ??= navigator.geolocation.watchPosition((found) => this.#note(found), (error) => this.#fail(...TROUBLES[error.code]), OPTIONS);
    this.timer ??= setInterval(() => this.#poke(), RESTED_MS);
    return undefined;
  }

  // The latest positions as fixes of an act at `at`, the newest first.
  fixes(at = Date.now()) {
    return this.seen
      .filter((each) => at - each.at <= KEPT_MS)
      .slice(-MOST_FIXES)
      .reverse()
      .map(({ lon, lat, acc, at: when }) => ({ lon, lat, sys: "wgs84", acc, age_s: Math.max(0, (at - when) / 1000), mock: false }));
  }

  // The newest fix, null where there is none.
  fix(at = Date.now()) {
    return this.fixes(at)[0] ?? null;
  }

  // Browsers keep silent about a phone that rests, but every act needs a fresh position.
  #poke() {
    const newest = this.seen.at(-1)?.at ?? 0;
    if (document.visibilityState !== "visible" || Date.now() - newest < RESTED_MS) return;
    navigator.geolocation.getCurrentPosition((found) => this.#note(found), () => null, OPTIONS);
  }

  #note({ coords, timestamp }) {
    const at = Math.min(timestamp, Date.now()); // some phones stamp positions by another clock
    this.seen.push({ lon: coords.longitude, lat: coords.latitude, acc: coords.accuracy, at });
    this.seen = this.seen.slice(-50);
    this.trouble = null;
    this.dispatchEvent(new Event("change"));
  }

  #fail(code, sentence) {
    this.trouble = { code, sentence: `${sentence}（${code}）` };
    this.dispatchEvent(new Event("change"));
  }
}
