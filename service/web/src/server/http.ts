/** Requests to the service that the page came from, and what goes wrong with them. */

/** What the window is told when the session has ended. */
export const SIGN_IN = "remocap:sign-in";
/** Requests that show something of their own, or ask about the session itself. */
const OWN_ACCESS = /^\/v1\/session|[?&]share=/;

/** A problem document (RFC 9457), or a connection that failed. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status = 0,
    readonly retryAfterS: number | null = null,
  ) {
    super(detail);
  }

  static async of(answer: Response): Promise<Problem> {
    const text = await answer.text().catch(() => "");
    return Problem.parse(answer.status, text, answer.headers.get("Retry-After"));
  }

  /** Read an answer that says what is wrong; or say that it cannot be read. */
  static parse(status: number, text: string, retryAfter: string | null): Problem {
    const retryAfterS = retryAfter === null ? null : Number(retryAfter);
    try {
      const { code, detail } = JSON.parse(text);
      if (code && detail) return new Problem(code, detail, status, retryAfterS);
    } catch {
      // Something before the service answered, a proxy perhaps.
    }
    return new Problem("bad_answer", `The server answered with status ${status}.`, status);
  }

  static offline(): Problem {
    return new Problem(
      "unreachable",
      "The server cannot be reached. Is it running, and are you connected to its network?",
    );
  }

  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem("page_error", `Something went wrong in this page: ${error}`);
  }
}

/** Send a request; answers with a status of 400 and above are thrown as problems. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw Problem.offline();
  }
  if (answer.status === 401 && !OWN_ACCESS.test(path)) dispatchEvent(new Event(SIGN_IN));
  if (answer.status >= 400) throw await Problem.of(answer);
  return answer;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await send(path, signal ? { signal } : {})).json();
}

/** Wait, unless told to stop before. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export async function getBytes(path: string, signal: AbortSignal): Promise<ArrayBuffer> {
  return (await send(path, { signal })).arrayBuffer();
}
