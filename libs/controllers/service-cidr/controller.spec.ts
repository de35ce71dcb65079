import { afterEach, describe, expect, it } from 'vitest';
import { IPAddress, ServiceCIDR } from '@drydock/api/networking/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createServiceCidrController, mayGo } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const range = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name }, spec: { cidrs } });
const address = (name: string, managedBy = 'ipallocator.k8s.io'): IPAddress => ({
  metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': managedBy } },
  spec: { parentRef: { resource: 'services', namespace: 'default', name: 's' } },
});
const finalizer = 'networking.k8s.io/service-cidr-finalizer';

describe('whether a range of Services may go', () => {
  const own = range('own', '192.168.0.0/24', '2001:db2::/64');
  it.each([
    ['nothing is in it', [own], [], true],
    ['an address of it is given away', [own], ['192.168.0.1'], false],
    ['one of its other family is', [own], ['2001:db2::1'], false],
    ['addresses are elsewhere', [own], ['10.0.0.1', '2001:db3::1'], true],
    [
      'a wider one has its addresses',
      [own, range('a', '192.168.0.0/16', '2001:db2::/63')],
      ['192.168.0.1'],
      true,
    ],
    ['the same is there twice', [own, range('a', '192.168.0.0/24', '2001:db2::/64')], ['192.168.0.1'], true],
    ['a wider one has those of one family', [own, range('a', '192.168.0.0/16')], ['192.168.0.1'], true],
    ['a wider one lacks those of one family', [own, range('a', '192.168.0.0/16')], ['2001:db2::1'], false],
    ['a narrower one has them', [own, range('a', '192.168.0.0/28')], ['192.168.0.1'], true],
    [
      'a narrower one lacks them',
      [own, range('a', '192.168.0.0/28')],
      ['192.168.0.1', '192.168.0.200'],
      false,
    ],
  ] as const)('where %s', (_title, all, addresses, expected) =>
    expect(
      mayGo(
        own,
        all,
        addresses.map((one) => address(one)),
      ),
    ).toBe(expected),
  );

  it('what others noted down does not count', () => {
    expect(mayGo(own, [own], [address('192.168.0.1', 'somebody')])).toBe(true);
  });
});

describe('service-cidr-controller', () => {
  const ranges = () => cluster.client.resource(ServiceCIDR);
  const addresses = () => cluster.client.resource(IPAddress);
  const condition = async (name: string) =>
    (await ranges().get(name)).status?.conditions?.find(({ type }) => type === 'Ready');
  const names = async () => (await cluster.list(ServiceCIDR)).map(({ metadata }) => metadata.name);

  it('says that a range is ready, protects it, and lets go of it ten seconds after it is needed no more', async () => {
    cluster = await startCluster();
    cluster.run(createServiceCidrController);
    await ranges().create(range('own', '192.168.0.0/24'));
    await cluster.until(async () => (await condition('own'))?.status === 'True');
    expect(await condition('own')).toMatchObject({ message: 'Kubernetes Service CIDR is ready' });
    expect((await ranges().get('own')).metadata.finalizers).toEqual([finalizer]);

    await addresses().create(address('192.168.0.7'));
    await cluster.settle();
    await ranges().delete('own');
    await cluster.until(async () => (await condition('own'))?.status === 'False');
    expect(await condition('own')).toMatchObject({
      reason: 'Terminating',
      message:
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
    });
    await cluster.clock.advance(60_000);
    expect(await names()).toEqual(['own']);
    await addresses().delete('192.168.0.7');
    await cluster.until(async () => (await names()).length === 0);

    await ranges().create(range('next', '192.168.0.0/24'));
    await cluster.until(async () => (await condition('next'))?.status === 'True');
    await ranges().delete('next');
    const deletedMs = cluster.clock.now();
    await cluster.until(async () => (await names()).length === 0);
    expect(cluster.clock.now() - deletedMs).toBeGreaterThanOrEqual(9_000);
    expect(cluster.errors).toEqual([]);
  });

  it('another range that takes the addresses over sets it free', async () => {
    cluster = await startCluster();
    await ranges().create(range('own', '192.168.0.0/24'));
    await addresses().create(address('192.168.0.7'));
    cluster.run(createServiceCidrController);
    await cluster.until(async () => (await condition('own'))?.status === 'True');
    await ranges().delete('own');
    await cluster.until(async () => (await condition('own'))?.status === 'False');
    await ranges().create(range('wide', '192.168.0.0/16'));
    await cluster.until(async () => !(await names()).includes('own'));
    expect(await names()).toEqual(['wide']);
  });
});
