/** Where a job is asked for. */
export interface Source {
  id: string;
  /** A share link shows and hands out; it changes nothing. */
  readOnly: boolean;
  /** Address of something of the job, e.g. `frames`; the job itself without. */
  url(what?: string, query?: Record<string, string>): string;
}

export function ownJob(id: string): Source {
  return { id, readOnly: false, url: (what, query) => address(`/v1/jobs/${id}`, what, query) };
}

export function address(base: string, what = "", query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return base + (what && `/${what}`) + (search && `?${search}`);
}
