/** Sending a video, with progress: fetch does not tell how much has been sent. */

import { Problem } from "./http";
import type { Options } from "./types";

export interface Upload {
  /** The id of the job. */
  done: Promise<string>;
  cancel(): void;
}

export function upload(
  video: Blob,
  name: string,
  options: Options,
  onProgress: (sent: number, total: number) => void,
): Upload {
  const request = new XMLHttpRequest();
  const form = new FormData();
  // Fields go before the video, so that the server knows them when it comes.
  if (options.model) form.append("model", options.model);
  if (options.maxPeople) form.append("max_people", String(options.maxPeople));
  if (options.smooth !== "off") form.append("smooth", options.smooth);
  form.append("video", video, name);
  const done = new Promise<string>((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
    request.onload = () => {
      if (request.status < 400) resolve(JSON.parse(request.responseText).id);
      else reject(problemOf(request));
    };
    request.onerror = () => reject(Problem.offline());
    request.onabort = () => reject(new Problem("upload_cancelled", "The upload was cancelled."));
  });
  request.open("POST", "/v1/reconstruct");
  request.send(form);
  return { done, cancel: () => request.abort() };
}

function problemOf(request: XMLHttpRequest): Problem {
  const retryAfter = request.getResponseHeader("Retry-After");
  return Problem.parse(request.status, request.responseText, retryAfter);
}
