import type { HttpRequest, HttpResponse } from '../http/index.ts';

export interface HealthCheck {
  readonly name: string;
  /** True while that part is well. */
  healthy(): boolean;
  /** It tells whether the process may be given work, and nothing of whether it should be restarted: `/livez` leaves it out. */
  readonly readinessOnly?: boolean;
}

const ping: HealthCheck = { name: 'ping', healthy: () => true };
const encoder = new TextEncoder();
const text = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache, private' },
  body: encoder.encode(body),
});

/** `/healthz`, `/livez`, `/readyz` and what is below them: the endpoint and the name of a single check, '' for all. */
export function healthPath(path: string): { readonly endpoint: string; readonly check: string } | undefined {
  const found = /^\/(healthz|livez|readyz)(?:\/(.*?))?\/?$/.exec(path);
  return found === null ? undefined : { endpoint: found[1] ?? '', check: found[2] ?? '' };
}

/**
 * Answers `/livez`, `/readyz` and `/healthz` as Kubernetes' servers do: `ok`, or every check in a line of its own when one
 * fails or `?verbose` asks for it; `?exclude=` leaves checks out; a single check has a path of its own. Undefined for other paths.
 */
export function answerHealth(
  request: Pick<HttpRequest, 'path' | 'query'>,
  checks: readonly HealthCheck[],
): HttpResponse | undefined {
  const path = healthPath(request.path);
  if (path === undefined) return undefined;
  const all = [ping, ...checks].filter(
    ({ readinessOnly }) => path.endpoint !== 'livez' || readinessOnly !== true,
  );
  if (path.check !== '') {
    const one = all.find(({ name }) => name === path.check);
    if (one === undefined) return text(404, '404 page not found\n');
    return one.healthy()
      ? text(200, 'ok')
      : text(500, `internal server error: ${path.check} is not healthy\n`);
  }
  const query = new URLSearchParams(request.query);
  const excluded = new Set(query.getAll('exclude'));
  let failing = false;
  const lines = all.map((check) => {
    const { name } = check;
    if (excluded.delete(name)) return `[+]${name} excluded: ok`;
    if (check.healthy()) return `[+]${name} ok`;
    failing = true;
    return `[-]${name} failed: reason withheld`;
  });
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => `"${name}"`).join(', ');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  if (failing) return text(500, `${lines.join('\n')}\n${path.endpoint} check failed\n`);
  return query.has('verbose')
    ? text(200, `${lines.join('\n')}\n${path.endpoint} check passed\n`)
    : text(200, 'ok');
}
