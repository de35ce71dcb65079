import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  newDataDir,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

describe.each(kubectlsToTest())('authorization and eviction with kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;

  beforeAll(async () => {
    const dataDir = newDataDir();
    const tokens = join(dataDir, 'tokens.csv');
    writeFileSync(tokens, 'jane-token,jane,u-1,"devs"\n');
    cluster = await startClusterProcess({
      dataDir,
      args: [
        ...['--store', 'memory', '--authorization-mode', 'RBAC', '--token-auth-file', tokens],
        '--enable-bootstrap-token-auth',
      ],
    });
    kubectl = createKubectl(binary, cluster.kubeconfig);
    await kubectl('config set-credentials jane --token=jane-token');
    await kubectl('config set-context jane --cluster=drydock --user=jane');
    await kubectl('create role reader --verb=get,list --resource=pods,pods/log');
    await kubectl('create rolebinding readers --role=reader --group=devs');
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  it('lets the administrator do everything, and others what they are bound to', async () => {
    expect(await kubectl('auth can-i create deployments')).toBe('yes\n');
    expect(await kubectl('get pods --context jane')).toBe('');
    expect((await kubectl.try('get secrets --context jane')).stderr).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "default"\n',
    );
    expect((await kubectl.try('get nodes --context jane')).stderr).toContain(
      'User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
    );
    expect((await kubectl.try('auth can-i list pods --context jane')).stdout).toBe('yes\n');
    expect((await kubectl.try('auth can-i delete pods --context jane')).stdout).toBe('no\n');
  });

  it('knows who comes with a bootstrap token', async () => {
    await kubectl(
      'create secret generic bootstrap-token-abcdef --namespace kube-system --type bootstrap.kubernetes.io/token --from-literal token-id=abcdef --from-literal token-secret=0123456789abcdef --from-literal usage-bootstrap-authentication=true',
    );
    await kubectl('config set-credentials joining --token=abcdef.0123456789abcdef');
    await kubectl('config set-context joining --cluster=drydock --user=joining');
    expect((await kubectl.try('get csr --context joining')).stderr).toContain(
      'User "system:bootstrap:abcdef" cannot list resource "certificatesigningrequests"',
    );
    await kubectl(
      'create clusterrolebinding joining --clusterrole system:node-bootstrapper --group system:bootstrappers',
    );
    expect(await kubectl('get csr --context joining')).toBe('');
  });

  it('lets the administrator act as others', async () => {
    expect(await kubectl('get pods --as joe --as-group devs')).toBe('');
    expect((await kubectl.try('get pods --as joe')).stderr).toContain(
      'User "joe" cannot list resource "pods"',
    );
    expect((await kubectl.try('get pods --as admin --context jane')).stderr).toContain(
      'users "admin" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    const listed = await kubectl(
      'auth can-i --list --as joe --as-group devs --as-group system:authenticated',
    );
    expect(listed).toMatch(/^pods +\[\] +\[\] +\[get list\]$/m);
    await kubectl('create serviceaccount robot');
    await kubectl('create rolebinding robots --clusterrole=view --serviceaccount=default:robot');
    expect(await kubectl('auth can-i list configmaps --as system:serviceaccount:default:robot')).toBe(
      'yes\n',
    );
    expect(
      (await kubectl.try('auth can-i list secrets --as system:serviceaccount:default:robot')).stdout,
    ).toBe('no\n');
  });

  it('reconciles roles from files', async () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'reconciled' },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
    };
    expect(await kubectl('auth reconcile -f -', { stdin: JSON.stringify(role) })).toContain('reconciled');
    expect(await kubectl('get clusterrole reconciled -o jsonpath={.rules[0].resources[0]}')).toBe('nodes');
  });

  it('drains a node, but not below a disruption budget', async () => {
    await kubectl('create deployment web --image=nginx --replicas=3');
    await kubectl('rollout status deployment/web --timeout=20s');
    const nodeOf = async () =>
      (await kubectl('get pods -l app=web -o jsonpath={.items[0].spec.nodeName}')).trim();
    const node = await nodeOf();
    await kubectl('create poddisruptionbudget web --selector=app=web --min-available=3');
    const budget = await kubectl.try([
      'wait',
      'pdb/web',
      '--for=jsonpath={.status.currentHealthy}=3',
      '--timeout=10s',
    ]);
    // The budget is kept by a loop of its own; until it has counted, evictions are refused too.
    expect([0, 1]).toContain(budget.code);
    const refused = await kubectl.try(`drain ${node} --ignore-daemonsets --timeout=2s`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    await kubectl('delete pdb web');
    expect(await kubectl(`drain ${node} --ignore-daemonsets --timeout=60s`)).toContain(
      `node/${node} drained`,
    );
    await eventually(
      async () =>
        !(await kubectl(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}']))
          .split(' ')
          .includes(node),
      { timeoutMs: 20_000 },
    );
    await kubectl(`uncordon ${node}`);
  });

  it('reads and writes subresources by name', async () => {
    await kubectl('create deployment sub --image=nginx --replicas=1');
    expect(await kubectl('get deployment sub --subresource=status -o name')).toBe('deployment.apps/sub\n');
    expect(await kubectl('get deployment sub --subresource=scale -o jsonpath={.spec.replicas}')).toBe('1');
    await kubectl([
      'patch',
      'deployment',
      'sub',
      '--subresource=scale',
      '--type=merge',
      '-p',
      '{"spec":{"replicas":2}}',
    ]);
    expect(await kubectl('get deployment sub -o jsonpath={.spec.replicas}')).toBe('2');
    await kubectl([
      'patch',
      'node',
      'node-0',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"capacity":{"example.org/thing":"3"}}}',
    ]);
    expect(await kubectl('get node node-0 -o jsonpath={.status.capacity.example\\.org/thing}')).toBe('3');
  });
});
