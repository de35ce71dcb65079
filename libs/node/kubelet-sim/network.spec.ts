import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EndpointSlice, type Endpoint } from '@drydock/api/discovery/v1';
import { Pod, Service } from '@drydock/api/core/v1';
import type { TestCluster } from '../../controllers/shared/cluster.spec-support.ts';
import type { KubeletSim } from './index.ts';
import { nodeIp } from '../nodes/index.ts';
import { podOnNode, startKubelet, type TestKubelet } from './kubelet.spec-support.ts';

describe('the network of simulated Pods', () => {
  let cluster: TestCluster;
  let sim: KubeletSim;
  const pods = () => cluster.client.resource(Pod).namespace('default');

  let kubelet: TestKubelet;
  beforeEach(async () => {
    kubelet = await startKubelet(2);
    ({ cluster, sim } = kubelet);
  });
  afterEach(() => kubelet.stop());

  const create = (name: string, container: object, spec: object = {}) =>
    pods().create(podOnNode(name, { image: 'busybox', ...container }, { restartPolicy: 'Never', ...spec }));
  const isReady = async (name: string) =>
    (await pods().get(name)).status?.containerStatuses?.[0]?.ready === true;
  /** Runs a script in a Pod of its own, to what it wrote and its exit code. */
  async function run(name: string, script: string, image = 'busybox'): Promise<[string, number | undefined]> {
    const command = ['sh', '-c', `{ ${script}; } > /dev/termination-log 2>&1`];
    await create(name, { image, command });
    await cluster.until(async () => /Succeeded|Failed/.test((await pods().get(name)).status?.phase ?? ''));
    const end = (await pods().get(name)).status?.containerStatuses?.[0]?.state?.terminated;
    return [end?.message ?? '', end?.exitCode];
  }
  async function serve(name: string, args: string[]): Promise<string> {
    await create(name, { image: 'agnhost:2.21', args }, { nodeName: 'node-1' });
    await cluster.until(() => isReady(name));
    return (await pods().get(name)).status?.podIP ?? '';
  }
  const expose = (name: string, spec: object) =>
    cluster.client
      .resource(Service)
      .namespace('default')
      .create({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec } as Service);
  const slice = (name: string, port: number, endpoints: Endpoint[]) =>
    cluster.client
      .resource(EndpointSlice)
      .namespace('default')
      .create({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        ports: [{ name: '', port, protocol: 'TCP' }],
        endpoints,
      } as EndpointSlice);
  const logOf = async (name: string) => {
    let text = '';
    const { metadata } = await pods().get(name);
    const pod = { nodeName: 'node-1', namespace: 'default', name, uid: metadata.uid ?? '' };
    const options = { container: 'c', follow: false };
    for await (const bytes of sim.logs(pod, options, new AbortController().signal))
      text += new TextDecoder().decode(bytes);
    return text;
  };

  it('answers as agnhost does, and logs it', async () => {
    const ip = await serve('server', ['netexec', '--http-port=8083']);
    const script = `curl -s http://${ip}:8083/echo?msg=hello; echo; wget -qO- ${ip}:8083/hostname; echo; curl -s -o /dev/null -w '%{http_code}' "http://${ip}:8083/echo?code=418&msg=x"`;
    expect(await run('client', script)).toEqual(['hello\nserver\n418', 0]);
    expect(await logOf('server')).toMatch(/GET \/echo\?msg=hello&code=\n/);
    const [dialled] = await run(
      'dial',
      `curl -s "http://${ip}:8083/dial?host=${ip}&port=8083&request=hostname&tries=2"`,
    );
    expect(JSON.parse(dialled)).toEqual({ responses: ['server', 'server'] });
    expect(await run('udp', `echo hostName | nc -w 1 -u ${ip} 8081`)).toEqual(['server', 0]);
    expect(await run('refused', `curl -sS http://${ip}:1`)).toEqual([
      `curl: (7) Failed to connect to ${ip} port 1: Connection refused\n`,
      7,
    ]);
    expect((await run('away', 'wget -qO- 10.1.2.3'))[1]).toBe(1);
  });

  it('uses what it is asked to, as resource-consumer does, in portions by its controller', async () => {
    await create(
      'consumer',
      { image: 'e2e-test-images/resource-consumer:1.13', resources: { limits: { cpu: '400m' } } },
      { nodeName: 'node-1' },
    );
    await cluster.until(() => isReady('consumer'));
    const consumer = (await pods().get('consumer')).status?.podIP ?? '';
    await expose('load', { clusterIP: '10.96.0.8', ports: [{ port: 80 }] });
    await slice('load', 8080, [{ addresses: [consumer] }]);
    const flags = [
      '--consumer-service-name=load',
      '--consumer-service-namespace=default',
      '--consumer-port=80',
    ];
    const ip = await serve('controller', ['resource-consumer-controller', ...flags]);
    const ask = async (name: string, millicores: number) =>
      (
        await run(
          name,
          `wget -qO- --post-data= "http://${ip}:8080/ConsumeCPU?millicores=${millicores}&durationSec=600&requestSizeMillicores=100"`,
        )
      )[0];
    const cores = async () => {
      const request = {
        method: 'GET',
        path: '/stats/summary',
        query: '',
        headers: new Map(),
        body: new Uint8Array(),
      };
      const { body } = await sim.nodeRequest('node-1', request);
      const summary = JSON.parse(new TextDecoder().decode(body)) as {
        pods: { podRef: { name: string }; cpu: { usageNanoCores: number } }[];
      };
      return summary.pods.find(({ podRef }) => podRef.name === 'consumer')?.cpu.usageNanoCores;
    };
    expect(await cores()).toBe(1_000_000);
    expect(await ask('first', 250)).toContain('Consumed 50 millicores');
    expect(await cores()).toBe(251_000_000);
    // No more than its limit.
    await ask('second', 250);
    expect(await cores()).toBe(400_000_000);
  });

  it('answers as nettest does', async () => {
    const ip = await serve('server', ['nettest']);
    const write = `wget -qO- --post-data='{"Source": "prestop"}' http://${ip}:8080/write`;
    const [answers] = await run('client', `${write}; ${write}; curl -s ${ip}:8080/read`);
    expect(
      answers
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toMatchObject([
      { Hostname: 'server' },
      { Hostname: 'server' },
      { Hostname: 'server', Received: { prestop: 2 } },
    ]);
  });

  it('knows Services by name, and the Pods behind them', async () => {
    const ip = await serve('server', ['serve-hostname']);
    const service = (name: string, clusterIP: string) =>
      expose(name, {
        clusterIP,
        clusterIPs: [clusterIP],
        ...(clusterIP === 'None'
          ? { ports: [{ port: 80 }] }
          : {
              type: 'NodePort',
              ports: [{ port: 80, nodePort: 30_000 + Number(clusterIP.split('.')[3]) }],
            }),
      });
    const member = (name: string, hostname?: string) =>
      slice(name, 9376, [
        { addresses: [ip], ...(hostname ? { hostname } : {}), conditions: { ready: true } },
      ]);
    await service('shop', '10.96.0.7');
    await service('set', 'None');
    await service('empty', '10.96.0.8');
    await member('shop');
    await member('set', 'set-0');
    expect(await run('name', 'wget -qO- http://shop')).toEqual(['server', 0]);
    expect(await run('whole', 'curl -s shop.default.svc.cluster.local')).toEqual(['server', 0]);
    expect(await run('member', 'curl -s set-0.set:9376')).toEqual(['server', 0]);
    expect(await run('node', `curl -s http://${nodeIp(0)}:30007`)).toEqual(['server', 0]);
    expect((await run('nobody', 'curl -s empty'))[1]).toBe(7);
    expect((await run('unknown', 'curl -s nothing'))[1]).toBe(6);
    expect((await run('lookup', 'nslookup shop.default'))[0]).toMatch(
      /Name:\tshop.default\nAddress: 10.96.0.7\n/,
    );
    await expose('alias', { type: 'ExternalName', externalName: 'shop.default.svc.cluster.local' });
    await cluster.clock.advance(1_000);
    expect(await run('alias', 'curl -s alias')).toEqual(['server', 0]);
    expect((await run('none', 'nslookup nothing'))[1]).toBe(1);
    expect(await run('probe', 'nc -z shop 80 && ! nc -z shop 81')).toEqual(['', 0]);
  });

  it('a client stays with its Pod where the Service says so', async () => {
    const ips = [await serve('a', ['netexec']), await serve('b', ['netexec']), await serve('c', ['netexec'])];
    await expose('shop', { clusterIP: '10.96.0.7', sessionAffinity: 'ClientIP', ports: [{ port: 80 }] });
    await slice(
      'shop',
      8080,
      ips.map((ip) => ({ addresses: [ip] })),
    );
    const [first] = await run(
      'client',
      'for i in $(seq 12); do curl -s shop/hostname; echo; done | sort | uniq | wc -l',
    );
    expect(first.trim()).toBe('1');
  });

  it('kubelets make the requests of hooks', async () => {
    const ip = await serve('server', ['netexec']);
    const hook = (path: string) => ({ httpGet: { host: ip, port: 8080, path } });
    await create('hooked', {
      image: 'nginx',
      lifecycle: { postStart: hook('/echo?msg=poststart'), preStop: hook('/echo?msg=prestop') },
    });
    await cluster.until(() => isReady('hooked'));
    expect(await logOf('server')).toMatch(/GET \/echo\?msg=poststart/);
    await pods().delete('hooked');
    await cluster.until(async () => /prestop/.test(await logOf('server')));
    await create('failing', { image: 'nginx', lifecycle: { postStart: hook('/echo?code=500') } });
    await cluster.until(async () =>
      (await cluster.events('failing')).some((one) => one.includes('FailedPostStartHook')),
    );
  });

  it('is not asked for what is outside: such a container is simulated', async () => {
    await create('outside', { command: ['wget', 'https://example.org/x'] });
    await cluster.until(() => isReady('outside'));
  });
});
