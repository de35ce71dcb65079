import { afterEach, describe, expect, it } from 'vitest';
import { ClusterRole } from '@drydock/api/rbac/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createStage } from '../shared/stage.spec-support.ts';
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
    const { managedFields } = (await roles.get('all')).metadata;
    expect(managedFields).toContainEqual(
      expect.objectContaining({ manager: 'clusterrole-aggregation-controller', operation: 'Apply' }),
    );
    expect(cluster.errors).toEqual([]);
  });
});

describe('the rules of a role that gathers those of others', () => {
  const rule = (text: string) => {
    const [verb = '', resource = ''] = text.split(' ');
    return { verbs: [verb], resources: [resource] };
  };
  const tool = (name: string, foo: string, ...rules: string[]): ClusterRole => ({
    metadata: { name, labels: { foo } },
    rules: rules.map(rule),
  });
  const [hammer, chisel, saw] = [['hammer nails', 'hammer wedges'], ['chisel mortises'], ['saw boards']];
  it.each<[string, ClusterRole[], foo: string[], string[]]>([
    ['nothing fits', [tool('hammer', 'other', ...hammer)], ['bar'], []],
    ['one fits', [tool('hammer', 'bar', ...hammer)], ['bar'], hammer],
    [
      'in the order of their names',
      [tool('hammer', 'bar', ...hammer), tool('chisel', 'bar', ...chisel), tool('saw', 'other', ...saw)],
      ['bar'],
      [...chisel, ...hammer],
    ],
    [
      'selector by selector',
      [tool('hammer', 'bar', ...hammer), tool('chisel', 'bar', ...chisel), tool('axe', 'other', ...saw)],
      ['bar', 'other'],
      [...chisel, ...hammer, ...saw],
    ],
    [
      'each rule once',
      [tool('hammer', 'bar', ...hammer), tool('saw', 'bar', ...saw), tool('other-saw', 'other', ...saw)],
      ['bar', 'other'],
      [...hammer, ...saw],
    ],
    ['not its own', [{ ...tool('all', 'bar', ...saw) }, tool('hammer', 'bar', ...hammer)], ['bar'], hammer],
  ])('%s', async (_title, others, values, expected) => {
    const all: ClusterRole = {
      metadata: { name: 'all', labels: { foo: 'bar' } },
      aggregationRule: { clusterRoleSelectors: values.map((foo) => ({ matchLabels: { foo } })) },
      rules: [rule('old rule')],
    };
    const stage = createStage();
    for (const one of [...others, all]) stage.put(ClusterRole, one);
    await stage.play(createClusterRoleAggregationController);
    expect(stage.writes.map(({ body }) => body)).toEqual([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'all' },
        ...(expected.length > 0 && { rules: expected.map(rule) }),
      },
    ]);
    expect(stage.errors).toEqual([]);
    await stage.stop();
  });

  it('are not written where they are as they should be', async () => {
    const stage = createStage();
    stage.put(ClusterRole, tool('hammer', 'bar', ...hammer));
    stage.put(ClusterRole, {
      metadata: { name: 'all' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { foo: 'bar' } }] },
      rules: hammer.map(rule),
    });
    await stage.play(createClusterRoleAggregationController);
    expect(stage.told()).toEqual([]);
    await stage.stop();
  });
});
