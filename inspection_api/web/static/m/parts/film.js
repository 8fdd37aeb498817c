// Films and sound: recorded here and now, with time, place and officer burnt into every picture of a film.

import { h } from "../../shell/dom.js";
import { watermark } from "./camera.js";

const TYPES = { audio: ["audio/mp4", "audio/webm"], video: ["video/mp4", "video/webm"] };
const RATES = { videoBitsPerSecond: 2_500_000, audioBitsPerSecond: 96_000 };
const [LONGEST_SIDE, PER_SECOND] = [1280, 15];

// What `video` shows with the lines of `words()` at its foot, as a stream with the sound of `stream`; `end()` when done.
export function burnt(video, stream, words) {
  const canvas = h("canvas", sized(video));
  const context = canvas.getContext("2d");
  const draw = () => { fit(context, video); watermark(context, words()); };
  draw();
  const timer = setInterval(draw, 1000 / PER_SECOND);
  const film = canvas.captureStream(PER_SECOND);
  for (const track of stream.getAudioTracks()) film.addTrack(track);
  return { film, size: { width: canvas.width, height: canvas.height }, end: () => clearInterval(timer) };
}

function sized({ videoWidth: width, videoHeight: height }) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

// The whole picture in the middle, also where the phone is turned while it films.
function fit(context, video) {
  const { width, height } = context.canvas;
  const scale = Math.min(width / video.videoWidth, height / video.videoHeight);
  const [wide, high] = [video.videoWidth * scale, video.videoHeight * scale];
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  context.drawImage(video, (width - wide) / 2, (height - high) / 2, wide, high);
}

// Record until `stop()` of what is returned is called; it resolves to { blob, mime, seconds, width, height }.
export function record(stream, kind, size = { width: null, height: null }) {
  const mime = TYPES[kind].find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, { mimeType: mime, ...RATES });
  const [parts, begun] = [[], performance.now()];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((resolve) => { recorder.onstop = resolve; }); // by itself where a call takes the microphone
  recorder.start(1000);
  return {
    seconds: () => (performance.now() - begun) / 1000,
    stop: async () => {
      const seconds = Math.round(performance.now() - begun) / 1000;
      if (recorder.state !== "inactive") recorder.stop();
      await ended;
      return { blob: new Blob(parts, { type: mime }), mime, seconds, ...size };
    },
  };
}
