import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, RestServer, RestServerOptions } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

const maps = '/api/v1/namespaces/default/configmaps';

let server: RestServer;
async function restart(options: RestServerOptions = {}): Promise<void> {
  await server?.stop();
  server = await startRest(options);
}
beforeEach(() => restart());
afterEach(() => server.stop());

const create = (name: string, labels: Record<string, string> = {}, namespace = 'default') =>
  server.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } },
  });
const list = (query = '', path = maps) => server.call('GET', `${path}${query}`);
const names = ({ json }: Answer) =>
  json.items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kube-root-ca.crt');
const metaOf = ({ json }: Answer) =>
  json.metadata as { resourceVersion: string; continue?: string; remainingItemCount?: number };

/** The answer of a request that waits for a revision that does not come. */
async function afterThreeSeconds(pending: Promise<Answer>): Promise<Answer> {
  await server.clock.advance(3_000);
  return pending;
}

describe('retrieving large results sets in chunks', () => {
  it('limit and continue page through one revision, whatever is written meanwhile', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name);
    const first = await list('?limit=2');
    const { resourceVersion, continue: token, remainingItemCount } = metaOf(first);
    expect(names(first)).toEqual(['a', 'b']);
    expect(remainingItemCount).toBe(3);
    await create('aa');
    await server.call('DELETE', `${maps}/c`);
    await create('z');
    const second = await list(`?limit=2&continue=${token}`);
    expect(names(second)).toEqual(['c', 'd']);
    expect(metaOf(second)).toMatchObject({ resourceVersion, remainingItemCount: 1 });
    const last = await list(`?limit=2&continue=${metaOf(second).continue}`);
    expect(names(last)).toEqual(['e']);
    expect(metaOf(last)).toEqual({ resourceVersion });
    expect(names(await list())).toEqual(['a', 'aa', 'b', 'd', 'e', 'z']);
  });

  it('remainingItemCount is left out when a selector takes part', async () => {
    for (const name of ['a', 'b', 'c']) await create(name, { app: 'x' });
    const page = metaOf(await list('?limit=1&labelSelector=app%3Dx'));
    expect(page.continue).toBeTruthy();
    expect(page.remainingItemCount).toBeUndefined();
  });

  it('an expired token answers 410 with a token to go on with inconsistently', async () => {
    await restart({ core: { cache: { windowEvents: 1, snapshotMs: 1_000 } } });
    for (const name of ['a', 'b', 'c']) await create(name);
    const { continue: token } = metaOf(await list('?limit=1'));
    await server.clock.advance(2_000);
    for (const name of ['d', 'e', 'f']) await create(name);
    const expired = await list(`?limit=1&continue=${token}`);
    expect(expired.json).toMatchObject({
      kind: 'Status',
      code: 410,
      reason: 'Expired',
      message:
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
        'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
        'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
        'deleted between the time the first chunk was returned and now may show up in the list.',
    });
    const rest = await list(`?continue=${metaOf(expired).continue}`);
    expect(names(rest)).toEqual(['b', 'c', 'd', 'e', 'f']);
    expect(Number(metaOf(rest).resourceVersion)).toBeGreaterThan(0);
  });

  const encoded = (token: object) => btoa(JSON.stringify(token)).replaceAll('=', '');
  it.each([
    ['garbage!', 'invalid continue token: continue key is not valid: illegal base64 data at input byte 7'],
    [
      'YWJj',
      "invalid continue token: continue key is not valid: invalid character 'a' looking for beginning of value",
    ],
    [
      encoded({ v: 'meta.k8s.io/v2', rv: 1, start: 'a' }),
      'invalid continue token: continue key is not valid: server does not recognize this encoded version meta.k8s.io/v2',
    ],
    [
      encoded({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' }),
      'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    ],
    [
      encoded({ v: 'meta.k8s.io/v1', rv: 1, start: '' }),
      'invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)',
    ],
    [
      encoded({ v: 'meta.k8s.io/v1', rv: 1, start: '../../secrets' }),
      'invalid continue token: continue key is not valid: ../../secrets',
    ],
  ])('continue=%s is refused', async (token, message) => {
    expect((await list(`?continue=${token}`)).json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message,
    });
  });

  it('a resourceVersion beside continue is refused', async () => {
    await create('a');
    await create('b');
    const { continue: token, resourceVersion } = metaOf(await list('?limit=1'));
    expect((await list(`?continue=${token}&resourceVersion=${resourceVersion}`)).json).toMatchObject({
      code: 400,
      message: 'specifying resource version is not allowed when using continue',
    });
    expect((await list(`?continue=${token}&resourceVersion=0`)).status).toBe(200);
  });
});

describe('semantics of resourceVersion and resourceVersionMatch', () => {
  it('unset is most recent; 0 is any; NotOlderThan is at least; Exact is exact', async () => {
    const { resourceVersion } = (await create('a')).json.metadata;
    await create('b');
    expect(names(await list())).toEqual(['a', 'b']);
    expect(names(await list('?resourceVersion=0'))).toEqual(['a', 'b']);
    expect(names(await list(`?resourceVersion=${resourceVersion}`))).toEqual(['a', 'b']);
    const query = (match: string) => `?resourceVersion=${resourceVersion}&resourceVersionMatch=${match}`;
    expect(names(await list(query('NotOlderThan')))).toEqual(['a', 'b']);
    const exact = await list(query('Exact'));
    expect(names(exact)).toEqual(['a']);
    expect(metaOf(exact).resourceVersion).toBe(resourceVersion);
    // The older form of an exact read.
    expect(names(await list(`?limit=10&resourceVersion=${resourceVersion}`))).toEqual(['a']);
  });

  it('a resourceVersion that is gone answers 410 Gone', async () => {
    await restart({ core: { cache: { windowEvents: 1 } } });
    const { resourceVersion } = (await create('a')).json.metadata;
    await create('b');
    await create('c');
    expect((await list(`?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`)).json).toMatchObject(
      {
        code: 410,
        reason: 'Expired',
        message: 'The resourceVersion for the provided list is too old.',
      },
    );
  });

  it.each(['', '&resourceVersionMatch=NotOlderThan', '&resourceVersionMatch=Exact', '&limit=1'])(
    'a resourceVersion that is not there yet answers 504 with a cause: %s',
    async (more) => {
      const { resourceVersion } = (await create('a')).json.metadata;
      const wanted = Number(resourceVersion) + 1_000;
      const answer = await afterThreeSeconds(list(`?resourceVersion=${wanted}${more}`));
      expect(answer.json).toMatchObject({
        code: 504,
        reason: 'Timeout',
        message: `Timeout: Too large resource version: ${wanted}, current: ${resourceVersion}`,
        details: {
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
          retryAfterSeconds: 1,
        },
      });
      expect(answer.headers['retry-after']).toBe('1');
    },
  );

  it('a get waits for the revision as well', async () => {
    await create('a');
    const answer = await afterThreeSeconds(server.call('GET', `${maps}/a?resourceVersion=99999`));
    expect(answer.json).toMatchObject({
      code: 504,
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
    expect((await server.call('GET', `${maps}/a?resourceVersion=0`)).status).toBe(200);
  });

  const forbidden = (field: string, detail: string) =>
    `ListOptions.meta.k8s.io "" is invalid: ${field}: Forbidden: ${detail}`;
  it.each([
    [
      '?resourceVersionMatch=Exact',
      forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden unless resourceVersion is provided',
      ),
    ],
    [
      '?resourceVersionMatch=Exact&resourceVersion=0',
      forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    ],
    [
      '?resourceVersionMatch=Newer&resourceVersion=1',
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "Newer": supported values: "Exact", "NotOlderThan", ""',
    ],
    [
      '?resourceVersionMatch=Exact&continue=a',
      'ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, ' +
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided]',
    ],
    ['?sendInitialEvents=true', forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')],
  ])('%s is refused', async (query, message) => {
    expect((await list(query)).json).toMatchObject({ code: 422, reason: 'Invalid', message });
  });

  it.each([
    [
      '?resourceVersion=abc',
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    [
      '?resourceVersion=-1',
      'invalid resource version: resourceVersion: Invalid value: "-1": strconv.ParseUint: parsing "-1": invalid syntax',
    ],
    [
      '?resourceVersion=18446744073709551616',
      'invalid resource version: resourceVersion: Invalid value: "18446744073709551616": strconv.ParseUint: parsing "18446744073709551616": value out of range',
    ],
    ['?limit=abc', 'strconv.ParseInt: parsing "abc": invalid syntax'],
    ['?limit=', 'strconv.ParseInt: parsing "": invalid syntax'],
    ['?limit=9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ['?timeoutSeconds=1e99', 'strconv.ParseInt: parsing "1e99": invalid syntax'],
  ])('%s is refused as malformed', async (query, message) => {
    expect((await list(query)).json).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });

  it('a negative limit is none', async () => {
    await create('a');
    await create('b');
    expect(names(await list('?limit=-1'))).toEqual(['a', 'b']);
  });
});

describe('field and label selectors', () => {
  it.each([
    ['pods', 'spec.nope=x', 'field label not supported: spec.nope'],
    [
      'configmaps',
      'spec.nope=x',
      '"spec.nope" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
    ['pods', 'metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  ])('%s by %s', async (resource, selector, message) => {
    const answer = await list(
      `?fieldSelector=${encodeURIComponent(selector)}`,
      `/api/v1/namespaces/default/${resource}`,
    );
    expect(answer.json).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });

  it('jobs have words of their own', async () => {
    const answer = await list('?fieldSelector=spec.nope%3Dx', '/apis/batch/v1/namespaces/default/jobs');
    expect(answer.json.message).toBe('field label "spec.nope" not supported for batchv1.Job');
  });

  it.each([
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['=x', "found '=', expected: !, identifier, or 'end of string'"],
    [
      'a/b/c=x',
      'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key must consist of alphanumeric characters',
    ],
  ])('labelSelector=%s', async (selector, message) => {
    const { json } = await list(`?labelSelector=${encodeURIComponent(selector)}`);
    expect(json).toMatchObject({ code: 400, reason: 'BadRequest' });
    if (!selector.includes('/')) expect(json.message).toBe(message);
    else expect(json.message).toContain('unable to parse requirement: <nil>: Invalid value: "a/b/c": ');
  });
});

describe('deletecollection', () => {
  it('takes what the selectors and the limit choose, at the list’s revision', async () => {
    for (const name of ['a', 'b', 'c']) await create(name, { app: name === 'c' ? 'y' : 'x' });
    const answer = await server.call('DELETE', `${maps}?labelSelector=app%3Dx&limit=1`);
    expect(answer.json).toMatchObject({ kind: 'ConfigMapList' });
    expect(names(await list())).toEqual(['b', 'c']);
    await server.call('DELETE', `${maps}?fieldSelector=metadata.name%3Dc`);
    expect(names(await list())).toEqual(['b']);
    await server.call('DELETE', `${maps}?dryRun=All`);
    expect(names(await list())).toEqual(['b']);
    await server.call('DELETE', maps, { body: { kind: 'DeleteOptions', apiVersion: 'v1' } });
    expect(names(await list())).toEqual([]);
  });
});
