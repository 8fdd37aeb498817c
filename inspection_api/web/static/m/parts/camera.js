// The camera and the microphone: pictures, sound and films made here and now. There is no way to choose a file.

const REAR = { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1080 } };
const TROUBLES = {
  NotAllowedError: ["camera_refused", "没有拍摄权限：请在浏览器设置中允许本网站使用相机和麦克风，然后重试"],
  NotFoundError: ["camera_missing", "没有找到相机或麦克风：请接好设备，或换用有相机的手机后重试"],
  NotReadableError: ["camera_busy", "相机正被其他应用占用，请关闭后重试"],
};
const QUALITY = 0.82;
const LONGEST_SIDE = 1920;

export class CameraTrouble extends Error {
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
    this.sentence = `${sentence}（${code}）`;
  }
}

// Open camera, microphone or both; `stop(stream)` when done. Throws CameraTrouble with a sentence and a way on.
export async function open({ video = false, audio = false }) {
  if (!navigator.mediaDevices) throw new CameraTrouble("camera_insecure", "请用 https 地址打开本页，否则浏览器不允许使用相机");
  try {
    return await navigator.mediaDevices.getUserMedia({ video: video && REAR, audio });
  } catch (error) {
    throw new CameraTrouble(...(TROUBLES[error.name] ?? ["camera_failed", "无法打开相机，请关闭其他应用后重试"]));
  }
}

export const stop = (stream) => stream.getTracks().forEach((track) => track.stop());

// Switch the lamp, where the phone has one; tell whether it has.
export async function torch(stream, on) {
  const [track] = stream.getVideoTracks();
  if (!track?.getCapabilities?.().torch) return false;
  await track.applyConstraints({ advanced: [{ torch: on }] });
  return true;
}

// A JPEG of what the video shows, with `lines` burnt in at its foot; null while there is no picture yet.
export async function photograph(video, lines) {
  const { videoWidth: width, videoHeight: height } = video;
  if (width === 0) return null;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  watermark(context, lines);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return { blob, mime: "image/jpeg", width: canvas.width, height: canvas.height, seconds: 0 };
}

// Burn lines into the foot of what a canvas shows.
export function watermark(context, lines) {
  const { width, height } = context.canvas;
  const size = Math.max(14, Math.round(width / 40));
  const top = height - size * 1.5 * lines.length - size * 0.5;
  context.fillStyle = "rgb(0 0 0 / .55)";
  context.fillRect(0, top, width, height - top);
  context.fillStyle = "#fff";
  context.font = `${size}px sans-serif`;
  lines.forEach((line, place) => context.fillText(fitted(context, line, width - 2 * size), size * 0.6, top + size * 1.5 * (place + 1) - size * 0.25));
}

// As much of a line as there is room for: squeezed letters prove nothing.
function fitted(context, line, room) {
  if (context.measureText(line).width <= room) return line;
  let length = line.length;
  while (length > 0 && context.measureText(`${line.slice(0, length)}…`).width > room) length = Math.floor(length * 0.9);
  return `${line.slice(0, length)}…`;
}
