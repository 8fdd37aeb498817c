// Reading a plate from the camera's picture: by the browser's own reader where it has one that works, else by the
// vendored one.

const VENDORED = new URL("../../../vendor/zxing-wasm/reader/", import.meta.url);
const OPTIONS = { formats: ["QRCode"], maxNumberOfSymbols: 1, tryHarder: true };
const SLOW_MS = 10_000;
const AGAIN_MS = 3000;

let reader;
let loads = 0;

// A function that reads the text of the symbol in a video's picture, null where there is none. `told(isBlind)` hears
// when nothing can be read, because the reader is not on the phone and does not come, and when that is over.
export function reading(told) {
  let isBlind = false;
  const tell = (now) => { if (now !== isBlind) told((isBlind = now)); };
  return async (video) => {
    const slow = setTimeout(tell, SLOW_MS, true);
    try {
      const text = await read(video);
      tell(false);
      return text;
    } catch {
      tell(true);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      return null;
    } finally {
      clearTimeout(slow);
    }
  };
}

async function read(video) {
  if (video.readyState < video.HAVE_CURRENT_DATA) return null;
  reader ??= await found();
  return reader(video);
}

async function found() {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
  return formats.includes("qr_code") ? browsers() : vendored();
}

function browsers() {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (video) => {
    try {
      return (await detector.detect(video))[0]?.rawValue ?? null;
    } catch {
      reader = await vendored(); // some browsers say that they can, and cannot
      return reader(video);
    }
  };
}

// Loaded only where it is needed: it is as large as everything else together. A browser never again asks for a module
// that did not come once, except by another name.
async function vendored() {
  const { prepareZXingModule, readBarcodes } = await import(new URL(`index.js#${(loads += 1)}`, VENDORED));
  await prepareZXingModule({ overrides: { locateFile: (name) => new URL(name, VENDORED).href }, fireImmediately: true });
  const canvas = new OffscreenCanvas(1, 1);
  return async (video) => {
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    const symbols = await readBarcodes(context.getImageData(0, 0, canvas.width, canvas.height), OPTIONS);
    return symbols[0]?.text || null;
  };
}
