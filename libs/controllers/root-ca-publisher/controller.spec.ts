import { afterEach, describe, expect, it } from 'vitest';
import { ConfigMap, Namespace } from '@drydock/api/core/v1';
import { namespaceNamed, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createRootCaPublisher } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

describe('root-ca-certificate-publisher-controller', () => {
  it('publishes and repairs the certificate in every namespace, though killed at any point', async () => {
    cluster = await startCluster();
    const killed = runKilled(cluster, (deps) => createRootCaPublisher({ rootCa: 'PEM' }, deps), {
      seed: 95,
      limit: 8,
    });
    await cluster.client.resource(Namespace).create(namespaceNamed('a'));
    const data = async () =>
      (await cluster.list(ConfigMap))
        .map((one) => `${one.metadata.namespace}:${JSON.stringify(one.data)}`)
        .sort();
    const right = 'a:{"ca.crt":"PEM"},default:{"ca.crt":"PEM"}';
    await cluster.until(async () => String(await data()) === right);
    const maps = cluster.client.resource(ConfigMap).namespace('a');
    await maps.patch('kube-root-ca.crt', { type: 'merge', body: { data: { 'ca.crt': 'x', more: 'y' } } });
    await cluster.until(async () => String(await data()) === right);
    await maps.delete('kube-root-ca.crt');
    await cluster.until(async () => String(await data()) === right);
    const told = async () => JSON.stringify((await maps.get('kube-root-ca.crt')).metadata.annotations ?? {});
    expect(await told()).toContain(
      'No other usage is guaranteed across distributions of Kubernetes clusters.',
    );
    await maps.patch('kube-root-ca.crt', { type: 'merge', body: { metadata: { annotations: null } } });
    await cluster.until(async () => (await told()).includes('Contains a CA bundle'));
    await killed.stop();
  });
});
