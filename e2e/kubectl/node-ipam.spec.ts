import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  newDataDir,
  removeDataDir,
  programOf,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const patient = { timeoutMs: 60_000, everyMs: 200 };
const allocate = (...more: string[]) => ['--allocate-node-cidrs', ...more];

describe.each(kubectlsToTest().slice(-1))('node IPAM with kubectl $version', (binary) => {
  let cluster: ClusterProcess | undefined;
  const dataDirs: string[] = [];
  let kubectl: Kubectl;

  async function start(dataDir: string, ...args: string[]): Promise<void> {
    cluster = await startClusterProcess({ dataDir, args });
    kubectl = createKubectl(binary, cluster.kubeconfig);
  }
  const fresh = () => {
    const dir = newDataDir();
    dataDirs.push(dir);
    return dir;
  };
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
    dataDirs.splice(0).forEach(removeDataDir);
  });

  const ranges = async () =>
    Object.fromEntries(
      (
        await kubectl([
          ...['get', 'nodes', '-o'],
          'jsonpath={range .items[*]}{.metadata.name}={.spec.podCIDRs[*]}{"\\n"}{end}',
        ])
      )
        .trim()
        .split('\n')
        .map((line) => line.split('=') as [string, string]),
    );
  const addNode = (name: string) =>
    kubectl(['create', '-f', '-'], {
      stdin: `apiVersion: v1\nkind: Node\nmetadata: { name: ${name} }\n`,
    });
  const events = (name: string) =>
    kubectl([
      ...['get', 'events', '--field-selector', `involvedObject.name=${name}`],
      ...['-o', 'jsonpath={range .items[*]}{.type} {.reason} {.message}{"\\n"}{end}'],
    ]);

  it('gives nodes a range of each family, apart from Services, keeps them over a restart, and takes them back', async () => {
    const dataDir = fresh();
    // Four ranges of IPv4, the first of them the Services'.
    const args = [
      ...['--nodes', '2', ...allocate('--cluster-cidr', '10.96.0.0/22,fd00:10::/56')],
      ...['--service-cluster-ip-range', '10.96.0.0/24', '--node-cidr-mask-size-ipv6', '60'],
    ];
    await start(dataDir, ...args);
    await eventually(async () => Object.values(await ranges()).every(Boolean), patient);
    const first = await ranges();
    expect(Object.values(first).sort()).toEqual([
      '10.96.1.0/24 fd00:10::/60',
      '10.96.2.0/24 fd00:10:0:10::/60',
    ]);
    await kubectl(['run', 'web', '--image=nginx']);
    await kubectl(['wait', '--for=condition=Ready', 'pod/web', '--timeout=60s']);
    expect(await kubectl(['get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}'])).toMatch(
      /^10\.96\.[12]\.\d+$/,
    );

    await cluster?.stop();
    await start(dataDir, ...args);
    await addNode('third');
    await eventually(async () => (await ranges())['third'] === '10.96.3.0/24 fd00:10:0:20::/60', patient);
    expect(await ranges()).toMatchObject(first);

    await addNode('fourth');
    await eventually(async () => (await events('fourth')).includes('CIDRNotAvailable'), patient);
    expect(await events('fourth')).toContain(
      'Normal CIDRNotAvailable Node fourth status is now: CIDRNotAvailable\n',
    );
    await kubectl(['delete', 'node', 'third']);
    await eventually(async () => (await ranges())['fourth']?.startsWith('10.96.3.0/24 ') === true, patient);
  });

  it('writes what the cloud has, with the CloudAllocator', async () => {
    await start(fresh(), '--nodes', '1', ...allocate('--cidr-allocator-type', 'CloudAllocator'));
    await eventually(async () => (await ranges())['node-0'] === '10.128.0.0/24', patient);
    const condition = '{.status.conditions[?(@.type=="NetworkUnavailable")].reason}';
    await eventually(
      async () =>
        (await kubectl(['get', 'node', 'node-0', '-o', `jsonpath=${condition}`])) === 'RouteCreated',
      patient,
    );
    await addNode('stranger');
    await eventually(async () => (await events('stranger')).includes('CIDRNotAvailable'), patient);
  });

  it.each([
    [
      ['--cluster-cidr', '10.0.0.0/16,10.1.0.0/16'],
      'len of ClusterCIDRs==2 and they are not configured as dual stack (at least one from each IPFamily',
    ],
    [
      ['--cluster-cidr', '10.0.0.0/16,fd00::/56', '--node-cidr-mask-size', '24'],
      'usage of --node-cidr-mask-size is not allowed with dual-stack clusters',
    ],
    [['--cluster-cidr', 'fd00::/32'], 'New CIDR set failed; the node CIDR size is too big'],
  ])('does not start with %j', (args, message) => {
    const program = programOf('drydock');
    const { status, stderr } = spawnSync(process.execPath, [program, 'up', ...allocate(...args)], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: `drydock: ${message}\n` });
  });
});
