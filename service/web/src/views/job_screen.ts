/** A player for a job, once there is enough to set it up. */

import type { Player } from "../player/player";
import { playerView } from "../player/view";
import { pause, send } from "../server/http";
import { readScene } from "../server/scene";
import type { Source } from "../server/source";

export interface Screen {
  element: HTMLElement;
  player: Player;
  /** All rows are there; show the video as well. */
  finish(signal: AbortSignal): Promise<void>;
  dispose(): void;
}

export async function screenFor(source: Source, signal: AbortSignal): Promise<Screen> {
  const scene = await readScene(source, signal);
  const view = playerView(scene.topology, scene.pinhole, scene.facts);
  return {
    element: view.element,
    player: view.player,
    finish: async (until) => {
      const { facts } = await readScene(source, until);
      view.player.complete(facts);
      if (await isMade(source.url("preview.mp4", { wait: "30" }), until)) {
        view.player.setVideo(source.url("preview.mp4"));
      }
    },
    dispose: view.dispose,
  };
}

/** Wait for a file that the server makes; false where it cannot be made. */
async function isMade(url: string, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const answer = await send(url, { signal, headers: { Range: "bytes=0-0" } }).catch(() => null);
    if (answer?.status !== 202) return answer !== null;
    await pause(500, signal);
  }
  return false;
}
