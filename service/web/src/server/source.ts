/** Where a job is asked for: by its owner, or with a link that was shared. */
export interface Source {
  id: string;
  /** A share link shows and hands out; it changes nothing. */
  readOnly: boolean;
  /** Address of something of the job, e.g. `frames`; the job itself without. */
  url(what?: string, query?: Record<string, string>): string;
  /** Another address of the service, with what has to be shown for it. */
  with(path: string): string;
}

export function ownJob(id: string): Source {
  return {
    id,
    readOnly: false,
    url: (what, query) => address(id, what, query),
    with: (path) => path,
  };
}

export function sharedJob(id: string, share: string): Source {
  return {
    id,
    readOnly: true,
    url: (what, query) => address(id, what, { ...query, share }),
    with: (path) => `${path}?${new URLSearchParams({ share })}`,
  };
}

function address(id: string, what = "", query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `/v1/jobs/${encodeURIComponent(id)}${what && `/${what}`}${search && `?${search}`}`;
}
