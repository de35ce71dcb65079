import { describe, expect, it } from 'vitest';
import type { ControllerRevision } from '@drydock/api/apps/v1';
import { oldestRevisions, revisionsBeyondLimit, snapshotText, templateSnapshot } from './index.ts';

describe('templateSnapshot', () => {
  it('is the patch with sorted keys, whatever the order in the template', () => {
    const template = {
      spec: { restartPolicy: 'Always', containers: [{ name: 'app', image: 'httpd', args: ['b', 'a'] }] },
      metadata: { labels: { b: '2', a: '1' } },
    };
    expect(JSON.stringify(templateSnapshot({ metadata: {}, spec: { template } }))).toBe(
      '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"1","b":"2"}},' +
        '"spec":{"containers":[{"args":["b","a"],"image":"httpd","name":"app"}],"restartPolicy":"Always"}}}}',
    );
  });
});

describe('snapshotText', () => {
  const data = (metadata: object, image = 'a') => ({
    spec: { template: { $patch: 'replace', metadata, spec: { containers: [{ image, name: 'c' }] } } },
  });
  it.each<[string, unknown, unknown, boolean]>([
    ['in another order', data({ labels: {}, annotations: {} }), data({ annotations: {}, labels: {} }), true],
    ['as before v1.34', data({ creationTimestamp: null, labels: {} }), data({ labels: {} }), true],
    ['with a time', data({ creationTimestamp: '2026-01-01T00:00:00Z' }), data({}), false],
    ['of another image', data({ creationTimestamp: null }), data({}, 'b'), false],
    ['without a template', { spec: {} }, {}, false],
    ['of nothing', undefined, undefined, true],
  ])('%s', (_title, one, other, same) => {
    expect(snapshotText(one) === snapshotText(other)).toBe(same);
  });
});

describe('revisions that may go', () => {
  const all = [3, 1, 5, 2, 4].map((revision) => ({ metadata: {}, revision })) as ControllerRevision[];
  const numbers = (found: readonly ControllerRevision[]) => found.map(({ revision }) => revision);
  it.each([
    [10, [], [], []],
    [5, [], [], []],
    [2, [], [1, 2, 3], [1, 2, 3]],
    [0, [], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]],
    [3, [1, 4], [], [2, 3]],
    [2, [1, 4], [2], [2, 3, 5]],
    [0, [1, 2, 3, 4, 5], [], []],
  ])('beyond %d, with %j in use: %j of those that are not, %j of all', (limit, used, spare, oldest) => {
    const inUse = ({ revision = 0 }: ControllerRevision) => (used as number[]).includes(revision);
    expect(numbers(revisionsBeyondLimit(all, limit, inUse))).toEqual(spare);
    expect(numbers(oldestRevisions(all, limit, inUse))).toEqual(oldest);
  });
});
