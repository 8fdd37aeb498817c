// Films and sound: recorded here and now, with time, place and officer burnt into every picture of a film.

import { h } from "../../shell/dom.js";
import { watermark } from "./camera.js";

const TYPES = { audio: ["audio/mp4", "audio/webm"], video: ["video/mp4", "video/webm"] };
const SLICE_MS = 1000;
// An MP4 comes in pieces from key frame to key frame: left to itself, a browser keeps many seconds back.
const RATES = { videoBitsPerSecond: 2_500_000, audioBitsPerSecond: 96_000, videoKeyFrameIntervalDuration: SLICE_MS };
const PLAYS_WITHIN_MS = 10_000;
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

// Record until `stop()` is called, or until a track of `sources` falls silent or ends: the camera was taken away, by a call
// for example. `write({ mime, seconds, at, blob })` keeps each slice; `ended` resolves once all are kept, and throws what
// `write` threw, which ends the recording, too.
export function record(stream, sources, kind, write) {
  const mime = TYPES[kind].find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, { mimeType: mime, ...RATES });
  const begun = performance.now();
  const seconds = () => Math.round(performance.now() - begun) / 1000;
  const stop = () => { if (recorder.state !== "inactive") recorder.stop(); };
  let written = Promise.resolve();
  recorder.ondataavailable = ({ data }) => {
    if (data.size === 0) return;
    const slice = { mime, seconds: seconds(), at: Date.now(), blob: data };
    written = written.then(() => write(slice)); // one after the other, and none behind one that is missing
    written.catch(stop);
  };
  const ended = new Promise((resolve) => { recorder.onstop = resolve; }).then(() => written); // behind an error, too
  for (const track of sources.getTracks()) for (const gone of ["ended", "mute"]) track.addEventListener(gone, stop);
  recorder.start(SLICE_MS);
  return { seconds, stop, ended };
}

// How much of what was recorded plays, in seconds; 0 where nothing does. A WebM does not say how long it is.
export function lengthOf({ kind, blob, seconds }) {
  return new Promise((resolve) => {
    const url = URL.createObjectURL(blob);
    const told = (length) => { URL.revokeObjectURL(url); resolve(length); };
    setTimeout(told, PLAYS_WITHIN_MS, 0);
    h(kind, { src: url, muted: true, playsinline: true, preload: "auto", onloadeddata: ({ target }) => told(Math.min(seconds, target.duration)), onerror: () => told(0) });
  });
}
