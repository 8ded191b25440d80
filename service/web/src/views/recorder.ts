/** A video from the camera of this machine. */

import { fill, h } from "../lib/dom";
import { clockTime } from "../lib/format";
import { button } from "../lib/widgets";
import { Problem } from "../server/http";

const KINDS = ["video/mp4;codecs=avc1", "video/webm;codecs=vp9", "video/webm"];
const LONGEST_S = 60;

export function canRecord(): boolean {
  return "mediaDevices" in navigator && "MediaRecorder" in window;
}

/** Show the camera; hand over what was recorded, or why not. */
export function recorder(
  done: (video: Blob) => void,
  leave: (problem?: Problem) => void,
): { element: HTMLElement; dispose(): void } {
  const picture = h("video", {
    muted: true,
    playsinline: true,
    autoplay: true,
    class: "viewfinder",
  });
  picture.muted = true;
  const controls = h("div", { class: "actions" });
  let stream: MediaStream | undefined;
  const dispose = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
  };
  const cancel = button("Cancel", () => {
    dispose();
    leave();
  });
  fill(controls, h("p", { class: "quiet" }, "Waiting for the camera …"), cancel);
  navigator.mediaDevices
    .getUserMedia({ video: { width: { ideal: 1280 }, frameRate: { ideal: 30 } }, audio: false })
    .then((opened) => {
      stream = opened;
      picture.srcObject = opened;
      const start = button("Start recording", () => record(opened), "button primary", "camera");
      fill(controls, start, cancel);
      start.focus();
    })
    .catch(() =>
      leave(new Problem("no_camera", "The camera cannot be used; allow it, or choose a file.")),
    );

  const record = (from: MediaStream) => {
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    const machine = new MediaRecorder(from, mimeType ? { mimeType } : {});
    const parts: Blob[] = [];
    const since = performance.now();
    const time = h("output", { class: "recording" });
    const timer = setInterval(() => {
      const seconds = (performance.now() - since) / 1000;
      time.textContent = `Recording ${clockTime(seconds)}`;
      if (seconds > LONGEST_S) machine.stop();
    }, 100);
    machine.ondataavailable = ({ data }) => parts.push(data);
    machine.onstop = () => {
      clearInterval(timer);
      dispose();
      done(new Blob(parts, { type: machine.mimeType }));
    };
    machine.start();
    fill(
      controls,
      time,
      button("Stop and send", () => machine.stop(), "button primary"),
    );
  };
  return { element: h("div", { class: "recorder" }, picture, controls), dispose };
}
