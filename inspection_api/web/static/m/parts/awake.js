// The screen stays on while something is recorded, where the browser can see to that: a film ends with the screen.

// Begins; what is returned ends it. Browsers let go whenever the page is out of sight, so it is asked for again.
export function awake() {
  let [lock, isOver] = [null, false];
  const hold = async () => {
    if (document.visibilityState !== "visible") return;
    lock = await navigator.wakeLock?.request("screen").catch(() => null); // refused where the battery is low
    if (isOver) lock?.release();
  };
  document.addEventListener("visibilitychange", hold);
  hold();
  return () => {
    isOver = true;
    document.removeEventListener("visibilitychange", hold);
    lock?.release();
  };
}
