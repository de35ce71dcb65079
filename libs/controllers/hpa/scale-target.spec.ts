import { afterEach, beforeEach, expect, it } from 'vitest';
import { Deployment } from '@drydock/api/apps/v1';
import { allDefinitions } from '@drydock/server/resources';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { readScaleTarget } from './scale-target.ts';

let cluster: TestCluster;
const deployments = () => cluster.client.resource(Deployment).namespace('default');

beforeEach(async () => {
  cluster = await startCluster();
  await deployments().create({
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: podTemplate({ app: 'web' }) },
  } as Deployment);
});
afterEach(() => cluster.stop());

const read = (more: object = {}) =>
  readScaleTarget(cluster.client, allDefinitions, 'default', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'web',
    ...more,
  });

it('writes the count that was decided, though the target was changed meanwhile', async () => {
  const target = await read();
  expect(target.scale).toMatchObject({ spec: { replicas: 2 }, status: { selector: 'app=web' } });
  await deployments().patch('web', { type: 'merge', body: { metadata: { labels: { changed: 'true' } } } });
  await target.write(3);
  const { metadata, spec } = await deployments().get('web');
  expect([spec?.replicas, metadata.labels]).toEqual([3, { changed: 'true' }]);
});

it('does not write to another target of the name', async () => {
  const target = await read();
  await deployments().delete('web');
  await expect(target.write(3)).rejects.toThrow('deployments.apps "web" not found');
});

it.each([
  [{ apiVersion: 'a/b/c' }, 'unexpected GroupVersion string: a/b/c', true],
  [{ kind: 'Odd' }, 'no matches for kind "Odd" in group "apps"', false],
  [{ apiVersion: 'v1' }, 'no matches for kind "Deployment" in group ""', false],
  [{ name: 'none' }, 'deployments.apps "none" not found', false],
])('%j: %s', async (more, message, inSpec) => {
  await expect(read(more)).rejects.toMatchObject({ message, inSpec });
});

it('takes any version of the group', async () => {
  expect((await read({ apiVersion: 'apps/v1beta1' })).scale.spec?.replicas).toBe(2);
});
