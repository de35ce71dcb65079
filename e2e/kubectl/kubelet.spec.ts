import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  listOf,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const pod = (
  name: string,
  container: object,
  spec: object = {},
  annotations: Record<string, string> = {},
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations },
  spec: { containers: [{ name: 'c', image: 'nginx:1', ...container }], ...spec },
});
const http = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1, failureThreshold: 1 };

describe.each(kubectlsToTest().slice(-1))('what kubelets do, with kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    kubectl = createKubectl(binary, cluster.kubeconfig);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });
  const apply = (...items: object[]) => kubectl('apply -f -', { stdin: listOf(items) });
  const until = (args: string, expected: RegExp) =>
    eventually(async () => expected.test(await kubectl(args)), {
      timeoutMs: 30_000,
      what: `${expected} from kubectl ${args}`,
    });

  it('probes: readiness by annotation, liveness restarts, commands in a container that runs its own', async () => {
    await apply(
      pod('ready', { readinessProbe: http }),
      pod('dying', { livenessProbe: http }, {}, { 'drydock.dev/liveness-probe': 'refused@1s' }),
      pod(
        'real',
        {
          command: ['sh', '-c', 'touch /tmp/well; sleep 1000'],
          readinessProbe: { exec: { command: ['cat', '/tmp/well'] }, periodSeconds: 1, failureThreshold: 1 },
        },
        {},
        { 'drydock.dev/run-command': 'true' },
      ),
    );
    await kubectl('wait --for=condition=Ready pod/ready pod/real --timeout=30s');
    await kubectl('annotate pod ready drydock.dev/readiness-probe=503');
    await kubectl('exec real -- rm /tmp/well');
    await kubectl('wait --for=condition=Ready=false pod/ready pod/real --timeout=30s');
    await kubectl('annotate pod ready drydock.dev/readiness-probe-');
    await kubectl('exec real -- touch /tmp/well');
    await kubectl('wait --for=condition=Ready pod/ready pod/real --timeout=30s');
    await until('get pod dying --no-headers', /CrashLoopBackOff/);
    const dying = await kubectl('describe pod dying');
    expect(dying).toMatch(
      /Warning +Unhealthy .* Liveness probe failed: Get "http:\/\/10\.\d+\.\d+\.\d+:8080\/healthz": dial tcp .*:8080: connect: connection refused/,
    );
    expect(dying).toMatch(/Normal +Killing .* Container c failed liveness probe, will be restarted/);
    const ready = await kubectl('describe pod ready');
    expect(ready).toMatch(
      /Warning +Unhealthy .* Readiness probe failed: HTTP probe failed with statuscode: 503/,
    );
  });

  it('a missing ConfigMap holds a Pod back until it is there', async () => {
    const volumes = [{ name: 'files', configMap: { name: 'files' } }];
    await apply(
      pod('variables', { envFrom: [{ configMapRef: { name: 'settings' } }] }),
      pod('volumes', { volumeMounts: [{ name: 'files', mountPath: '/files' }] }, { volumes }),
    );
    await until('get pod variables --no-headers', / 0\/1 +CreateContainerConfigError /);
    await until('get events --field-selector=reason=FailedMount', /configmap "files" not found/);
    expect(await kubectl('get pod volumes --no-headers')).toMatch(/ 0\/1 +ContainerCreating /);
    expect(await kubectl('describe pod variables')).toMatch(
      /Warning +Failed .* Error: configmap "settings" not found/,
    );
    await kubectl('create configmap settings --from-literal=COLOUR=green');
    await kubectl('create configmap files --from-literal=a=1');
    await kubectl('wait --for=condition=Ready pod/variables pod/volumes --timeout=30s');
    expect(await kubectl('exec variables -- printenv COLOUR')).toBe('green\n');
    expect(await kubectl('exec volumes -- cat /files/a')).toBe('1');
  });

  it('a Pod bound beyond its node is refused; images are pulled by policy; a root may be read-only', async () => {
    await apply(
      pod('big', { resources: { requests: { cpu: '9' } } }, { nodeName: 'node-0' }),
      pod('never', { image: 'absent:1', imagePullPolicy: 'Never' }),
      pod('sealed', { securityContext: { readOnlyRootFilesystem: true } }),
    );
    await until('get pod big --no-headers', / 0\/1 +OutOfcpu /);
    await until('get pod never --no-headers', / 0\/1 +ErrImageNeverPull /);
    await kubectl('wait --for=condition=Ready pod/sealed --timeout=30s');
    await expect(kubectl('exec sealed -- touch /etc/x')).rejects.toThrow('Read-only file system');
  });
});
