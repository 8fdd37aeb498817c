// The geofence verdict as the phone may say it without the server (domain.md §3.2; vectors: geofence.json). The server
// judges again from the same fixes; this only tells the officer early. The phone's own positions are WGS-84.

const MAX_ACCURACY_M = 150;
const GOOD_ACCURACY_M = 50;
const INDOOR_ACCURACY_M = 500;
const INDOOR_FIXES = 3;
const INDOOR_SPAN_S = 180;
const MAX_AGE_S = 60;
const MEDIAN_WINDOW_S = 20;
const WGS84_A = 6_378_137;
const WGS84_E2 = 6.69437999014e-3;

// { verdict, distance_m, accuracy_m } of fixes {lon, lat, acc, age_s, mock}: the first row of the table that matches.
export function decide(fixes, centre, radiusM) {
  const nothing = { distance_m: null, accuracy_m: null };
  if (fixes.some((fix) => fix.mock)) return { verdict: "mock", ...nothing };
  const usable = usableOf(fixes);
  if (usable.length === 0) return { verdict: "stale", ...nothing };
  const { accuracy_m: accuracy, ...place } = standing(usable);
  const distance = distanceM(place, centre);
  return { verdict: verdictOf(distance, accuracy, radiusM, isLongIndoors(usable)), distance_m: distance, accuracy_m: accuracy };
}

// Where the last positions say that he stands, { lon, lat, accuracy_m }; one alone may be far out.
export function standing(fixes) {
  const newest = Math.min(...fixes.map((fix) => fix.age_s));
  const recent = fixes.filter((fix) => fix.age_s - newest <= MEDIAN_WINDOW_S);
  const [lon, lat, accuracy] = ["lon", "lat", "acc"].map((name) => median(recent.map((fix) => fix[name])));
  return { lon, lat, accuracy_m: accuracy };
}

// Metres between two points, by the local WGS-84 metric: good to a centimetre as far as a fence matters.
export const distanceM = (one, other) => Math.hypot(...metres(one, other));

// In which direction the other point lies, in degrees from north by east.
export function bearingOf(one, other) {
  const [east, north] = metres(one, other);
  return ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
}

// How far the other point lies to the east and to the north.
function metres(one, other) {
  const radians = Math.PI / 180;
  const middle = ((one.lat + other.lat) / 2) * radians;
  const bent = 1 - WGS84_E2 * Math.sin(middle) ** 2;
  const primeVertical = WGS84_A / Math.sqrt(bent);
  const east = primeVertical * Math.cos(middle) * (other.lon - one.lon) * radians;
  const north = ((primeVertical * (1 - WGS84_E2)) / bent) * (other.lat - one.lat) * radians;
  return [east, north];
}

function verdictOf(distance, accuracy, radius, isLong) {
  if (distance - accuracy > radius) return "outside";
  if (distance <= radius && accuracy <= Math.min(MAX_ACCURACY_M, Math.max(GOOD_ACCURACY_M, radius))) return "inside";
  if (accuracy > MAX_ACCURACY_M && !(isLong && accuracy <= INDOOR_ACCURACY_M)) return "too_coarse";
  return "indeterminate";
}

// The valid fixes, or none at all if even the newest is too old.
function usableOf(fixes) {
  const valid = fixes.filter((fix) => fix.acc > 0 && Number.isFinite(fix.acc) && fix.age_s >= 0 && Number.isFinite(fix.age_s));
  return valid.some((fix) => fix.age_s <= MAX_AGE_S) ? valid : [];
}

function isLongIndoors(usable) {
  const ages = usable.map((fix) => fix.age_s);
  return usable.length >= INDOOR_FIXES && Math.max(...ages) - Math.min(...ages) >= INDOOR_SPAN_S;
}

function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
