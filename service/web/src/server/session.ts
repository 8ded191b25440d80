/** Who uses this browser: a key is exchanged for a cookie that no script can read. */

import { Problem, send } from "./http";

export type Access = "open" | "signed_in" | "key_needed";

/** Ask whether a key is needed, and whether one was shown. */
export async function access(): Promise<Access> {
  try {
    const answer = await send("/v1/session");
    return (await answer.json()).keys_required ? "signed_in" : "open";
  } catch (error) {
    const { status } = Problem.from(error);
    if (status === 401) return "key_needed";
    if (status === 404) return "open";
    throw error;
  }
}

export async function signIn(key: string): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  await send("/v1/session", { method: "POST", headers, body: JSON.stringify({ key }) });
}

export async function signOut(): Promise<void> {
  await send("/v1/session", { method: "DELETE" });
}
