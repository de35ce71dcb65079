import { afterEach, describe, expect, it } from 'vitest';
import { ClusterRole } from '@drydock/api/rbac/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createClusterRoleAggregationController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const role = (name: string, verbs: string[], labels: Record<string, string> = {}): ClusterRole => ({
  metadata: { name, labels },
  rules: verbs.map((verb) => ({ apiGroups: [''], resources: ['pods'], verbs: [verb] })),
});

describe('clusterrole-aggregation-controller', () => {
  it('gathers rules by label, follows changes, and repairs what others wrote', async () => {
    cluster = await startCluster();
    cluster.run(createClusterRoleAggregationController);
    const roles = cluster.client.resource(ClusterRole);
    await roles.create({
      metadata: { name: 'all', labels: { a: 'yes' } },
      aggregationRule: {
        clusterRoleSelectors: [{ matchLabels: { b: 'yes' } }, { matchLabels: { a: 'yes' } }],
      },
    });
    await roles.create(role('z', ['get', 'list'], { a: 'yes' }));
    await roles.create(role('y', ['get'], { a: 'yes' }));
    await roles.create(role('x', ['watch'], { b: 'yes' }));
    await roles.create(role('w', ['delete']));
    const verbs = async () => (await roles.get('all')).rules?.map((rule) => rule.verbs[0]);
    await cluster.until(async () => String(await verbs()) === 'watch,get,list');
    await roles.patch('all', { type: 'merge', body: { rules: [] } });
    await cluster.until(async () => String(await verbs()) === 'watch,get,list');
    await roles.delete('x');
    await cluster.until(async () => String(await verbs()) === 'get,list');
    expect(cluster.errors).toEqual([]);
  });
});
