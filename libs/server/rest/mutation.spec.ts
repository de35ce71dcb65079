import fc from 'fast-check';
import { systemClock } from '@drydock/base/clock';
import { silentLogger } from '@drydock/port/observability';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allDefinitions } from '../resources/index.ts';
import type { Choices } from './mutation.spec-support.ts';
import { choicesOf, mutate, mutateBytes, objectOf } from './mutation.spec-support.ts';
import type { Answer, RestServer } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

let server: RestServer;
/** What the server logged last as its own fault. */
let lastFault: unknown;
beforeAll(async () => {
  server = await startRest({
    clock: systemClock,
    core: { cache: { freshnessTimeoutMs: 5 } },
    logger: { ...silentLogger, error: (_message, fields) => void (lastFault = fields?.['err']) },
  });
});
afterAll(() => server.stop());

const encoder = new TextEncoder();
const definitions = allDefinitions.filter(({ kind }) => kind !== 'CustomResourceDefinition');
const patchTypes = [
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/json-patch+json',
  'application/apply-patch+yaml',
];
const queries = [
  '',
  '?dryRun=All',
  '?dryRun=',
  '?fieldValidation=Strict',
  '?fieldValidation=Ignore',
  '?fieldManager=m',
  '?limit=-1',
  '?limit=x',
  '?limit=1',
  '?continue=x',
  '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vLi4ifQ',
  '?resourceVersion=x',
  '?resourceVersion=0',
  '?resourceVersion=99999999999999999999999',
  '?labelSelector=%3D%3D',
  '?labelSelector=a in (b',
  '?fieldSelector=metadata.name%3Da',
  '?fieldSelector=x%3Dy',
  '?fieldSelector=%5C',
  '?%zz=1',
  '?gracePeriodSeconds=-1',
  '?propagationPolicy=Sometimes',
  '?pretty=true',
  '?force=true',
  '?includeObject=Everything',
  '?__proto__=1',
];
const names = [
  'a',
  'sample',
  '__proto__',
  'constructor',
  '..',
  '%2e%2e',
  '%',
  '%zz',
  'A',
  'a%2Fb',
  'x'.repeat(300),
  '%ff',
  '%00',
  'default',
  '',
];
const accepts = [
  undefined,
  undefined,
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'x/y',
  '*/*;q=0',
  ';;;',
  'application/json;as=Table;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
];

interface Shot {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly type?: string;
  readonly accept?: string;
}

/** A request that is wrong in some way, or only odd. */
function shotOf(choices: Choices): Shot {
  const definition = choices.pick(definitions);
  const { group, version, kind, resource, schema, namespaced } = definition;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const collection = `${root}${namespaced ? '/namespaces/default' : ''}/${resource}`;
  const name = choices.chance(3) ? choices.pick(names) : 'sample';
  const subresources = ['status', 'scale', 'nothing', ...Object.keys(definition.subresources ?? {})];
  const item = `${collection}/${name}${choices.chance(4) ? `/${choices.pick(subresources)}` : ''}`;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const object = objectOf(schema, choices);
  let body: unknown = {
    apiVersion,
    kind,
    ...object,
    metadata: choices.chance(3) ? object['metadata'] : { name: 'sample', labels: { app: 'sample' } },
  };
  for (let count = choices.int(3); count > 0; count--) body = mutate(body, choices);
  const query = choices.chance(3) ? choices.pick(queries) : '';
  const accept = choices.pick(accepts);
  const extra = accept === undefined ? {} : { accept };
  const wire = (value: unknown): unknown =>
    choices.chance(4) ? mutateBytes(encoder.encode(JSON.stringify(value) ?? ''), choices) : value;
  switch (choices.int(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return { method: 'POST', path: collection + query, body: wire(body), ...extra };
    case 4:
    case 5:
      return { method: 'PUT', path: item + query, body: wire(body), ...extra };
    case 6:
    case 7:
    case 8: {
      const type = choices.pick(patchTypes);
      const patch = type.includes('json-patch')
        ? [
            {
              op: choices.pick(['add', 'replace', 'remove', 'test', 'move', 'copy', 'x']),
              path: choices.pick([
                '/spec',
                '/metadata/labels/a',
                '',
                '/a/-',
                '/metadata/name',
                '/spec/0',
                '~',
                '/kind',
              ]),
              from: '/metadata',
              value: mutate(object, choices),
            },
          ]
        : choices.chance(2)
          ? object
          : body;
      return { method: 'PATCH', path: item + query, body: wire(patch), type, ...extra };
    }
    case 9:
      return {
        method: 'DELETE',
        path: item + query,
        body: choices.chance(2)
          ? undefined
          : wire(
              mutate(
                { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: {} },
                choices,
              ),
            ),
        ...extra,
      };
    case 10:
      return {
        method: choices.pick(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'get', '']),
        path: (choices.chance(2) ? collection : item) + query,
        body: undefined,
        ...extra,
      };
    default:
      return {
        method: 'POST',
        path: item + query,
        body: wire(body),
        type: choices.pick([
          'application/yaml',
          'text/plain',
          'application/vnd.kubernetes.protobuf',
          'application/json; charset=x',
          ';',
        ]),
        ...extra,
      };
  }
}

function placeOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  const frames = (fault.stack ?? '').split('\n').filter((line) => line.includes('/libs/'));
  return `${fault.message} ${frames
    .slice(0, 4)
    .map((line) => line.replace(/.*\/libs\//, ''))
    .join(' < ')}`;
}

function complain(shot: Shot, answer: Answer): string {
  return `${shot.method} ${shot.path} ${shot.type ?? ''} ${shot.accept ?? ''} ${JSON.stringify(shot.body)}\n→ ${answer.status} ${answer.text.slice(0, 500)}`;
}

describe('bad input', () => {
  it('of ten thousand random mutations none is a failure of the server', { timeout: 240_000 }, async () => {
    const statuses = new Map<number, number>();
    /** By the place in the code, so that one fault is told once. */
    const failures = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(fc.nat(2 ** 31 - 1), async (seed) => {
        const shot = shotOf(choicesOf(seed));
        const { type, accept } = shot;
        const answer = await server.call(shot.method, shot.path, {
          body: shot.body,
          ...(type === undefined ? {} : { type }),
          ...(accept === undefined ? {} : { accept }),
        });
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        // Kubernetes answers 500 to an applied list whose items have no key, and so does this.
        const asKubernetes = answer.text.includes('failed to create typed patch object');
        if (answer.status >= 500 && answer.status !== 504 && !asKubernetes)
          failures.set(placeOf(lastFault), complain(shot, answer));
        else if (answer.status >= 400 && answer.text.startsWith('{')) expect(answer.json.kind).toBe('Status');
      }),
      { seed: 2026, numRuns: 10_000, endOnFailure: true },
    );
    expect([...failures].map((pair) => pair.join('\n'))).toEqual([]);
    // The mutations reach all the way: some are accepted, some are refused early, some late.
    for (const status of [200, 201, 400, 404, 405, 406, 409, 415, 422])
      expect(statuses.get(status) ?? 0, `${status}`).toBeGreaterThan(0);
    expect(Object.keys({})).toEqual([]);
    expect(({} as { a?: unknown }).a).toBeUndefined();
    for (const { group, version, resource, verbs } of definitions) {
      if (verbs !== undefined && !verbs.includes('list')) continue;
      const path = `${group === '' ? `/api/${version}` : `/apis/${group}/${version}`}/${resource}`;
      for (const accept of accepts.slice(2, 4).concat(accepts.slice(-2))) {
        const answer = await server.call('GET', path, accept === undefined ? {} : { accept });
        const wanted = accept?.includes('as=PartialObjectMetadata;') === true ? 406 : 200;
        expect(answer.status, `${path} ${accept} ${answer.text.slice(0, 300)}`).toBe(wanted);
      }
    }
  });
});
