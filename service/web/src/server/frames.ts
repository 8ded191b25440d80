/** Rows of people as records of bytes (docs/streams.md). */

import type { Row } from "../body/people";
import { COARSE } from "../body/topology";
import { readSafetensors } from "../lib/safetensors";
import type { Fault, JobState, Smoothing } from "./types";

const META = 1;
const ROWS = 2;
const END = 3;
const HEAD_BYTES = 16;

/** What is known of a job's video and model. */
export interface Meta {
  topology: string;
  trained: boolean;
  width: number;
  height: number;
  fps: number | null;
  frame_count: number | null;
  first_pts_s: number | null;
  focal_px: number;
  rows: number | null;
  smoothing: Smoothing | null;
}

export interface End extends Partial<Fault> {
  state: JobState;
  first_pts_s: number | null;
}

export type Message =
  | { kind: "meta"; meta: Meta }
  | { kind: "rows"; number: number; rows: Row[] }
  | { kind: "end"; end: End };

/** Read messages from bytes as they come; a record that is cut off at the end is left out. */
export async function* readMessages(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = bytes.getReader();
  let pending: Uint8Array = new Uint8Array();
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      pending = joined(pending, value);
      while (true) {
        const size = recordSize(pending);
        if (size === undefined || pending.length < size) break;
        const message = messageOf(pending);
        pending = pending.subarray(size);
        if (message) yield message;
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** All messages of bytes that are there as a whole. */
export function allMessages(bytes: ArrayBuffer): Message[] {
  const found: Message[] = [];
  let rest = new Uint8Array(bytes);
  for (let size = recordSize(rest); size !== undefined; size = recordSize(rest)) {
    const message = messageOf(rest);
    if (message) found.push(message);
    rest = rest.subarray(size);
  }
  return found;
}

/** Bytes of the record that begins here, with what fills it up; undefined where its head is cut. */
function recordSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  return HEAD_BYTES + 8 * Math.ceil(view(bytes).getUint32(4, true) / 8);
}

function messageOf(record: Uint8Array): Message | undefined {
  const head = view(record);
  const length = head.getUint32(4, true);
  const payload = record.slice(HEAD_BYTES, HEAD_BYTES + length); // a buffer of its own, aligned
  switch (head.getUint32(0, true)) {
    case META:
      return { kind: "meta", meta: json(payload) };
    case ROWS:
      return { kind: "rows", number: head.getFloat64(8, true), rows: rowsOf(payload.buffer) };
    case END:
      return { kind: "end", end: json(payload) };
    default:
      return undefined;
  }
}

function rowsOf(payload: ArrayBuffer): Row[] {
  const file = readSafetensors(payload);
  const tracks = file.ints("track_id");
  const frames = file.ints("frame_index");
  const times = file.doubles("pts_s");
  const inSteps = file.has("step_m");
  const stepM = inSteps ? file.floats("step_m", 1)[0] : 1;
  const floats = (name: string, width: number) => split(file.floats(name), width);
  const coarse = inSteps
    ? split(file.shorts("coarse"), 3 * COARSE)
    : split(file.floats("coarse_m"), 3 * COARSE);
  const camera = floats("camera", 3);
  const cropPx = floats("crop_px", 4);
  const pelvis = floats("pelvis_m", 3);
  const translation = floats("translation_m", 3);
  const turn = floats("view_rotmat", 9);
  const joints = floats("joints3d_m", 42);
  return Array.from(tracks, (trackId, i) => ({
    trackId,
    frameIndex: frames[i],
    ptsS: times[i],
    stepM,
    coarse: coarse(i),
    camera: camera(i),
    cropPx: cropPx(i),
    pelvis: pelvis(i),
    translation: translation(i),
    turn: turn(i),
    joints: joints(i),
  }));
}

function split<T extends { subarray(from: number, to: number): T }>(array: T, width: number) {
  return (i: number): T => array.subarray(i * width, (i + 1) * width);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const json = <T>(payload: Uint8Array): T => JSON.parse(new TextDecoder().decode(payload));
