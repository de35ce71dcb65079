import { expect, it } from 'vitest';
import { aggregatedDiscovery, apiGroupList, apiGroupOf } from '../discovery/index.ts';
import { discovered } from './discovered.ts';

const of = (...names: string[]) =>
  discovered(
    'custom.metrics.k8s.io',
    'v1beta2',
    names.map((name) => ({ name, namespaced: true, kind: 'MetricValueList', verbs: ['get'] })),
  );
const resourcesOf = (definitions: ReturnType<typeof of>) =>
  aggregatedDiscovery(definitions, false, 'v2').items.flatMap(({ versions }) =>
    versions.flatMap(({ resources }) => resources),
  );
const nobody = { group: '', version: '', kind: '' };

it('tells of resources with their parts', () => {
  expect(resourcesOf(of('queues', 'queues/length'))).toMatchObject([
    {
      resource: 'queues',
      responseKind: { kind: 'MetricValueList' },
      verbs: ['get'],
      subresources: [{ subresource: 'length', verbs: ['get'] }],
    },
  ]);
});

it('tells of parts without a whole', () => {
  expect(resourcesOf(of('pods/qps', 'pods/lag', 'services/open'))).toMatchObject([
    {
      resource: 'pods',
      responseKind: nobody,
      verbs: [],
      subresources: [{ subresource: 'lag' }, { subresource: 'qps' }],
    },
    { resource: 'services', responseKind: nobody, scope: 'Namespaced' },
  ]);
});

it('knows the group though it lists nothing', () => {
  const definitions = of();
  expect(resourcesOf(definitions)).toEqual([]);
  expect(apiGroupList(definitions).groups).toMatchObject([{ name: 'custom.metrics.k8s.io' }]);
  expect(apiGroupOf(definitions, 'custom.metrics.k8s.io')).toMatchObject({
    preferredVersion: { groupVersion: 'custom.metrics.k8s.io/v1beta2' },
  });
});
