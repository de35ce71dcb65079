import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eventually,
  newDataDir,
  removeDataDir,
  programOf,
  startClusterProcess,
  type ClusterProcess,
} from '../support/index.ts';

const program = programOf('drydock');
const dataDir = newDataDir();
let cluster: ClusterProcess;

const configuration = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packer
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy: { type: MostAllocated, resources: [{ name: cpu, weight: 1 }] }
  plugins:
    score:
      disabled: [{ name: '*' }]
      enabled: [{ name: NodeResourcesFit, weight: 5 }]
`;

function kubectl(args: readonly string[], input?: string) {
  const { stdout, stderr, status } = spawnSync('kubectl', ['--kubeconfig', cluster.kubeconfig, ...args], {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  return { stdout, stderr, status };
}
const drydock = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
const explain = (name: string, ...more: string[]) =>
  drydock('explain', 'pod', name, '--grpc-address', `127.0.0.1:${cluster.grpcPort}`, ...more);

const podYaml = (name: string, schedulerName: string, cpu: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  schedulerName: ${schedulerName}
  containers: [{ name: c, image: nginx, resources: { requests: { cpu: "${cpu}" } } }]
`;

beforeAll(async () => {
  const file = join(dataDir, 'scheduler.yaml');
  writeFileSync(file, configuration);
  cluster = await startClusterProcess({ dataDir, args: ['--scheduler-config', file] });
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  removeDataDir(dataDir);
});

describe('the scheduler of a running cluster', () => {
  it('explains a Pod that fits nowhere, in the event, the condition and on request', () => {
    expect(kubectl(['apply', '-f', '-'], podYaml('huge', 'default-scheduler', '1000')).status).toBe(0);
    const waited = kubectl([
      'wait',
      'pod/huge',
      '--for=jsonpath={.status.conditions[0].reason}=Unschedulable',
      '--timeout=30s',
    ]);
    expect(waited.stderr).toBe('');
    const message =
      '0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: ' +
      '3 Preemption is not helpful for scheduling.';
    expect(kubectl(['get', 'pod', 'huge', '-o', 'jsonpath={.status.conditions[0].message}']).stdout).toBe(
      message,
    );
    const { stdout, status } = explain('huge');
    expect(status).toBe(0);
    expect(stdout).toContain(message);
    expect(stdout).toMatch(/^\S+ +Insufficient cpu \(NodeResourcesFit\)$/m);
  }, 60_000);

  it('packs with the second profile, and shows its scores', () => {
    for (const name of ['p1', 'p2']) kubectl(['apply', '-f', '-'], podYaml(name, 'packer', '100m'));
    expect(kubectl(['wait', 'pod/p1', 'pod/p2', '--for=condition=Ready', '--timeout=30s']).status).toBe(0);
    const places = kubectl([
      'get',
      'pods',
      'p1',
      'p2',
      '-o',
      'jsonpath={.items[*].spec.nodeName}',
    ]).stdout.split(' ');
    expect(new Set(places).size).toBe(1);
    const decision = JSON.parse(explain('p2', '-o', 'json').stdout) as {
      schedulerName: string;
      node: string;
      nodes: { node: string; scores: Record<string, number> }[];
    };
    expect(decision).toMatchObject({ schedulerName: 'packer', node: places[0] });
    expect(Object.keys(decision.nodes[0]?.scores ?? {})).toEqual(['NodeResourcesFit']);
  }, 60_000);

  it('places Pods by resources that somebody advertises of a node', async () => {
    const wanting = podYaml('dongled', 'default-scheduler', '10m').replace(
      'requests:',
      'limits: { example.com/dongle: 2 }, requests:',
    );
    expect(kubectl(['create', '-f', '-'], wanting).status).toBe(0);
    const advertise = (operation: object) =>
      kubectl([
        ...['patch', 'node', 'node-1', '--subresource=status', '--type=json', '-p'],
        JSON.stringify([{ path: '/status/capacity/example.com~1dongle', ...operation }]),
      ]);
    expect(advertise({ op: 'add', value: '4' }).status).toBe(0);
    const placed = ['wait', 'pod/dongled', '--for=jsonpath={.spec.nodeName}=node-1', '--timeout=20s'];
    expect(kubectl(placed).stderr).toBe('');
    expect(advertise({ op: 'remove' }).status).toBe(0);
    const allocatable = '-o=jsonpath={.status.allocatable}';
    await eventually(() => !kubectl(['get', 'node', 'node-1', allocatable]).stdout.includes('dongle'));
  });

  it('says in one line what it knows nothing of, or what is wrong with a configuration', () => {
    const { status, stderr } = explain('nobody');
    expect([status, stderr]).toEqual([1, 'drydock: scheduling decision of pod "nobody" not found\n']);
    const file = join(dataDir, 'wrong.yaml');
    writeFileSync(file, configuration.replace('MostAllocated', 'Fullest'));
    const wrong = drydock(
      'up',
      '--data-dir',
      newDataDir(),
      '--secure-port',
      '0',
      '--grpc-port',
      '0',
      '--scheduler-config',
      file,
    );
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toMatch(/^drydock: .*scoringStrategy\.type: Unsupported value: "Fullest".*\n$/);
  }, 60_000);
});
