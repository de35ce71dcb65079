import { afterEach, describe, expect, it } from 'vitest';
import { Namespace, ServiceAccount } from '@drydock/api/core/v1';
import { keys, namespaceNamed, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createServiceAccountController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const accounts = async () => keys(await cluster.list(ServiceAccount));

describe('serviceaccount-controller', () => {
  it('gives every namespace its default account, again when it is deleted, though killed at any point', async () => {
    cluster = await startCluster();
    const killed = runKilled(cluster, createServiceAccountController, { seed: 91, limit: 8 });
    for (const name of ['a', 'b']) await cluster.client.resource(Namespace).create(namespaceNamed(name));
    const all = 'a/default,b/default,default/default';
    await cluster.until(async () => String(await accounts()) === all);
    await cluster.client.resource(ServiceAccount).namespace('a').delete('default');
    await cluster.until(async () => String(await accounts()) === all);
    await killed.stop();
  });

  it('leaves namespaces alone that are on their way out', async () => {
    cluster = await startCluster();
    await cluster.client.resource(Namespace).create(namespaceNamed('going'));
    await cluster.client.resource(Namespace).delete('going');
    cluster.run(createServiceAccountController);
    await cluster.until(async () => (await accounts()).includes('default/default'));
    expect(await accounts()).toEqual(['default/default']);
    expect(cluster.errors).toEqual([]);
  });
});
