// Reading a plate from the camera's picture: by the browser's own reader where it has one, else by the vendored one.

const VENDORED = new URL("../../../vendor/zxing-wasm/reader/", import.meta.url);
const OPTIONS = { formats: ["QRCode"], maxNumberOfSymbols: 1, tryHarder: true };

let reader;

// The text of the symbol in the picture, null where there is none.
export async function read(video) {
  if (video.videoWidth === 0) return null;
  reader ??= await found();
  return reader(video);
}

async function found() {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
  return formats.includes("qr_code") ? browsers() : vendored();
}

function browsers() {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
}

// Loaded only where it is needed: it is as large as everything else together.
async function vendored() {
  const { prepareZXingModule, readBarcodes } = await import(new URL("index.js", VENDORED));
  prepareZXingModule({ overrides: { locateFile: (name) => new URL(name, VENDORED).href } });
  const canvas = new OffscreenCanvas(1, 1);
  return async (video) => {
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    const symbols = await readBarcodes(context.getImageData(0, 0, canvas.width, canvas.height), OPTIONS);
    return symbols[0]?.text || null;
  };
}
