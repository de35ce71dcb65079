import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  listOf,
  removeDataDir,
  repository,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const deployment = (name: string, replicas = 1, image = 'nginx:1.25') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image }] } },
  },
});

/** The commands of `kubectl help` that have no suite of their own. */
describe.each(kubectlsToTest())('commands of kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;
  let folder: string;
  let lane = 0;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    kubectl = createKubectl(binary, cluster.kubeconfig);
    folder = mkdtempSync(join(tmpdir(), 'drydock-commands-'));
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
    rmSync(folder, { recursive: true, force: true });
  });

  /** A namespace of its own for one test. */
  async function namespace(): Promise<string> {
    const name = `lane-${lane++}`;
    await kubectl(`create namespace ${name}`);
    return name;
  }
  const apply = (ns: string, ...objects: object[]) =>
    kubectl(`apply -n ${ns} -f -`, {
      stdin: listOf(objects),
    });

  it('get prints in every format, sorted, selected and in chunks', async () => {
    const ns = await namespace();
    for (const [name, value] of [
      ['b', '2'],
      ['a', '3'],
      ['c', '1'],
    ] as const) {
      await kubectl(`create configmap ${name} -n ${ns} --from-literal=n=${value}`);
    }
    await kubectl(`label configmap a -n ${ns} tier=front`);
    const get = (args: string) => kubectl(`get configmaps -n ${ns} ${args}`);
    const selected = '--field-selector=metadata.name!=kube-root-ca.crt';
    expect(await get(`${selected} -o name --chunk-size=1`)).toBe('configmap/a\nconfigmap/b\nconfigmap/c\n');
    expect(await get(`${selected} --sort-by={.data.n} -o custom-columns=N:.metadata.name --no-headers`)).toBe(
      'c\nb\na\n',
    );
    expect(await get(`${selected} -o jsonpath={range.items[*]}{.data.n}{","}{end}`)).toBe('3,2,1,');
    expect(await get(`${selected} -o go-template={{range.items}}{{.metadata.name}}{{end}}`)).toBe('abc');
    expect(await get('-l tier=front --show-labels')).toMatch(/\na +1 +\S+ +tier=front\n/);
    expect(await get('-l tier=front -L tier')).toMatch(/^NAME +DATA +AGE +TIER\na +1 +\S+ +front\n/);
    expect(await get('-l tier=none')).toBe('');
    expect(await kubectl(`get cm/a cm/b -n ${ns} -o name`)).toBe('configmap/a\nconfigmap/b\n');
    expect(await kubectl('get configmaps -A -o name')).toContain('configmap/a\n');
    expect((await kubectl.try('get ships')).stderr).toContain(
      'error: the server doesn\'t have a resource type "ships"',
    );
    expect((await kubectl.try(`get configmap none -n ${ns} --ignore-not-found`)).stdout).toBe('');
  });

  it('delete by name, selector, file, all, now and by force', async () => {
    const ns = await namespace();
    const names = async () => kubectl(`get pods -n ${ns} -o name`);
    for (const name of ['p1', 'p2', 'p3', 'p4', 'p5'])
      await kubectl(`run ${name} -n ${ns} --image=nginx -l set=${name}`);
    expect(await kubectl(`delete pod p1 -n ${ns} --now`)).toMatch(/^pod "p1" deleted/);
    expect(await kubectl(`delete pods -n ${ns} -l set=p2`)).toMatch(/^pod "p2" deleted/);
    const forced = await kubectl.try(`delete pod p3 -n ${ns} --force --grace-period=0`);
    expect(forced.stdout).toMatch(/^pod "p3" force deleted/);
    expect(forced.stderr).toContain('Immediate deletion does not wait');
    await eventually(async () => (await names()) === 'pod/p4\npod/p5\n');
    expect(await kubectl(`delete pod p4 -n ${ns} --dry-run=server`)).toMatch(
      /^pod "p4" deleted.* \(server dry run\)/,
    );
    expect(await names()).toBe('pod/p4\npod/p5\n');
    await kubectl(`delete pods --all -n ${ns}`);
    expect(await names()).toBe('');
    expect((await kubectl.try(`delete pod p1 -n ${ns}`)).stderr).toContain('pods "p1" not found');
  });

  it('apply prunes, keeps the last applied, and shows, sets and edits it', async () => {
    const ns = await namespace();
    const file = join(folder, 'settings.json');
    const write = (data: object) =>
      writeFileSync(
        file,
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data }),
      );
    write({ a: '1', b: '2' });
    expect(await kubectl(['apply', '-n', ns, '-f', file])).toBe('configmap/settings created\n');
    await kubectl(['patch', 'configmap', 'settings', '-n', ns, '-p', '{"data":{"c":"3"}}']);
    write({ a: '1' });
    expect(await kubectl(['diff', '-n', ns, '-f', file]).catch(String)).toMatch(/-\s+b: "2"/);
    expect(await kubectl(['apply', '-n', ns, '-f', file])).toBe('configmap/settings configured\n');
    expect(JSON.parse(await kubectl(`get cm settings -n ${ns} -o jsonpath={.data}`))).toEqual({
      a: '1',
      c: '3',
    });
    expect((await kubectl.try(['diff', '-n', ns, '-f', file])).code).toBe(0);
    expect(await kubectl(`apply view-last-applied configmap/settings -n ${ns}`)).toContain('a: "1"');
    write({ a: '9' });
    expect(await kubectl(['apply', 'set-last-applied', '-n', ns, '-f', file])).toContain('configured');
    expect(await kubectl(`apply view-last-applied configmap/settings -n ${ns} -o json`)).toContain(
      '"a": "9"',
    );
    const editor = join(folder, 'last-applied.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/\\"9\\"/\\"8\\"/" "$1"\n', { mode: 0o755 });
    await kubectl(`apply edit-last-applied configmap/settings -n ${ns}`, { env: { KUBE_EDITOR: editor } });
    expect(await kubectl(`apply view-last-applied configmap/settings -n ${ns}`)).toContain('a: "8"');

    const set = (names: string[]) =>
      listOf(
        names.map((name) => ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, namespace: ns, labels: { set: 'pruned' } },
        })),
      );
    await kubectl('apply -f -', { stdin: set(['one', 'two']) });
    const pruned = await kubectl(
      `apply -n ${ns} --prune -l set=pruned --prune-allowlist=core/v1/ConfigMap -f -`,
      { stdin: set(['one']) },
    );
    expect(pruned).toContain('configmap/two pruned');
    expect(await kubectl(`get cm -l set=pruned -n ${ns} -o name`)).toBe('configmap/one\n');
  });

  it('replace --force deletes and makes anew', async () => {
    const ns = await namespace();
    await apply(ns, deployment('web'));
    const uid = await kubectl(`get deployment web -n ${ns} -o jsonpath={.metadata.uid}`);
    expect(
      await kubectl(`replace --force -n ${ns} -f -`, { stdin: JSON.stringify(deployment('web', 2)) }),
    ).toContain('deployment.apps/web replaced');
    expect(await kubectl(`get deployment web -n ${ns} -o jsonpath={.metadata.uid}`)).not.toBe(uid);
    expect(
      (await kubectl.try(`replace -n ${ns} -f -`, { stdin: JSON.stringify(deployment('none')) })).stderr,
    ).toContain('deployments.apps "none" not found');
  });

  it('set env, resources, selector, serviceaccount and subject', async () => {
    const ns = await namespace();
    await apply(ns, deployment('web'));
    const read = (path: string) =>
      kubectl(`get deployment web -n ${ns} -o jsonpath={.spec.template.spec${path}}`);
    expect(await kubectl(`set env deployment/web -n ${ns} MODE=test`)).toBe(
      'deployment.apps/web env updated\n',
    );
    expect(await kubectl(`set env deployment/web -n ${ns} --list`)).toContain('MODE=test');
    expect(await kubectl(`set resources deployment/web -n ${ns} --requests=cpu=100m --limits=cpu=1`)).toBe(
      'deployment.apps/web resource requirements updated\n',
    );
    expect(JSON.parse(await read('.containers[0].resources'))).toEqual({
      requests: { cpu: '100m' },
      limits: { cpu: '1' },
    });
    await kubectl(`create serviceaccount robot -n ${ns}`);
    await kubectl(`set serviceaccount deployment/web robot -n ${ns}`);
    expect(await read('.serviceAccountName')).toBe('robot');
    await kubectl(`rollout status deployment/web -n ${ns} --timeout=20s`);
    await kubectl(`expose deployment web -n ${ns} --port=80 --target-port=8080 --type=NodePort`);
    await kubectl(`set selector service/web app=other -n ${ns}`);
    expect(await kubectl(`get service web -n ${ns} -o jsonpath={.spec.selector.app}`)).toBe('other');
    await kubectl(`create role reader -n ${ns} --verb=get --resource=pods`);
    await kubectl(`create rolebinding readers -n ${ns} --role=reader --user=jane`);
    await kubectl(`set subject rolebinding readers -n ${ns} --serviceaccount=${ns}:robot`);
    expect(await kubectl(`get rolebinding readers -n ${ns} -o jsonpath={.subjects[*].name}`)).toBe(
      'jane robot',
    );
  });

  it('scale checks what is asked for, and autoscale makes an autoscaler', async () => {
    const ns = await namespace();
    await apply(ns, deployment('web', 2));
    expect(await kubectl(`scale deployment/web -n ${ns} --current-replicas=2 --replicas=3`)).toContain(
      'scaled',
    );
    const refused = await kubectl.try(`scale deployment/web -n ${ns} --current-replicas=9 --replicas=1`);
    expect(refused.stderr).toContain('Expected replicas to be 9, was 3');
    await kubectl(`autoscale deployment web -n ${ns} --min=1 --max=5 --cpu-percent=80`);
    expect(await kubectl(`get hpa web -n ${ns}`)).toMatch(
      /web +Deployment\/web +(cpu: )?<unknown>\/80% +1 +5 /,
    );
  });

  it('taint, cordon and uncordon', async () => {
    expect(await kubectl('taint nodes node-1 team=a:NoSchedule')).toBe('node/node-1 tainted\n');
    expect(await kubectl('get node node-1 -o jsonpath={.spec.taints[*].key}')).toBe('team');
    expect(await kubectl('taint nodes node-1 team-')).toBe('node/node-1 untainted\n');
    expect(await kubectl('cordon node-1')).toBe('node/node-1 cordoned\n');
    expect(await kubectl('get node node-1')).toContain('Ready,SchedulingDisabled');
    expect(await kubectl('uncordon node-1')).toBe('node/node-1 uncordoned\n');
  });

  it('wait for conditions, values, deletion; and time out', async () => {
    const ns = await namespace();
    await kubectl(`run box -n ${ns} --image=nginx`);
    expect(await kubectl(`wait pod/box -n ${ns} --for=condition=Ready --timeout=10s`)).toBe(
      'pod/box condition met\n',
    );
    await kubectl(`wait pods --all -n ${ns} --for=jsonpath={.status.phase}=Running --timeout=10s`);
    const waiting = kubectl(`wait pod/box -n ${ns} --for=delete --timeout=20s`);
    await kubectl(`delete pod box -n ${ns}`);
    await waiting;
    await kubectl(`create configmap still -n ${ns}`);
    const late = await kubectl.try(`wait configmap/still -n ${ns} --for=delete --timeout=1s`);
    expect(late.code).toBe(1);
    expect(late.stderr).toContain('timed out waiting for the condition on configmaps/still');
  });

  it('annotate and label overwrite only when told to, list, and remove', async () => {
    const ns = await namespace();
    await kubectl(`create configmap c -n ${ns}`);
    for (const verb of ['label', 'annotate']) {
      await kubectl(`${verb} configmap c -n ${ns} k=1`);
      expect((await kubectl.try(`${verb} configmap c -n ${ns} k=2`)).stderr).toContain(
        '--overwrite is false',
      );
      await kubectl(`${verb} configmap c -n ${ns} k=2 --overwrite`);
      expect(await kubectl(`${verb} configmap c -n ${ns} --list`)).toContain('k=2');
      await kubectl(`${verb} configmap c -n ${ns} k-`);
    }
    expect(await kubectl(`get configmap c -n ${ns} -o jsonpath={.metadata.labels}`)).toBe('');
  });

  it('events, all and of one type', async () => {
    const ns = await namespace();
    await kubectl(`run box -n ${ns} --image=nginx`);
    await kubectl(`wait pod/box -n ${ns} --for=condition=Ready --timeout=10s`);
    await eventually(async () => (await kubectl(`events -n ${ns}`)).includes('Started'));
    expect(await kubectl(`events -n ${ns}`)).toMatch(/^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
    expect(await kubectl(`events -n ${ns} --types=Warning`)).not.toContain('Started');
    expect(await kubectl(`get events -n ${ns} --field-selector=reason=Scheduled`)).toContain(
      'Successfully assigned',
    );
  });

  it('kustomize and apply -k', async () => {
    const ns = await namespace();
    writeFileSync(join(folder, 'web.json'), JSON.stringify(deployment('web')));
    writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [web.json]\nnamePrefix: my-\n');
    expect(await kubectl(['kustomize', folder])).toContain('name: my-web');
    expect(await kubectl(['apply', '-n', ns, '-k', folder])).toBe('deployment.apps/my-web created\n');
    await kubectl(['delete', '-n', ns, '-k', folder]);
  });

  it('cluster-info dump writes what the cluster holds', async () => {
    const ns = await namespace();
    await kubectl(`run box -n ${ns} --image=nginx`);
    await kubectl(`wait pod/box -n ${ns} --for=condition=Ready --timeout=10s`);
    const out = join(folder, 'dump');
    await kubectl(['cluster-info', 'dump', '--namespaces', ns, '--output-directory', out]);
    expect(readdirSync(join(out, ns)).sort()).toEqual(expect.arrayContaining(['events.json', 'pods.json']));
  });

  it('version, api-resources and api-versions tell what is served', async () => {
    const version = JSON.parse(await kubectl('version -o json')) as { serverVersion: { gitVersion: string } };
    expect(version.serverVersion.gitVersion).toMatch(/^v1\.36\./);
    expect(await kubectl('api-resources --namespaced=false -o name')).toContain('nodes\n');
    expect(await kubectl('api-resources --api-group=apps --verbs=list,get -o name')).toBe(
      'controllerrevisions.apps\ndaemonsets.apps\ndeployments.apps\nreplicasets.apps\nstatefulsets.apps\n',
    );
    expect(await kubectl('api-resources --categories=all -o name')).toContain('pods\n');
    expect(await kubectl('api-resources -o wide')).toMatch(
      /deployments +deploy +apps\/v1 +true +Deployment +\S+ +all/,
    );
    expect((await kubectl('api-versions')).trim().split('\n')).toContain('batch/v1');
  });

  it('rollout of DaemonSets and StatefulSets: status, history, undo, restart', async () => {
    const ns = await namespace();
    const workload = (kind: string, fields: object) => ({
      apiVersion: 'apps/v1',
      kind,
      metadata: { name: 'w' },
      spec: { ...deployment('w').spec, replicas: undefined, ...fields },
    });
    await apply(ns, workload('DaemonSet', {}), workload('StatefulSet', { serviceName: 'w', replicas: 2 }));
    for (const what of ['daemonset.apps/w', 'statefulset.apps/w']) {
      const image = () =>
        kubectl(`get ${what} -n ${ns} -o jsonpath={.spec.template.spec.containers[0].image}`);
      const settled = async () =>
        expect(await kubectl(`rollout status ${what} -n ${ns} --timeout=60s`)).toMatch(
          /successfully rolled out|roll out complete/,
        );
      const revisions = async () =>
        (await kubectl(`rollout history ${what} -n ${ns}`))
          .split('\n')
          .slice(2)
          .flatMap((line) => /^\d+/.exec(line) ?? [])
          .map(Number);
      await settled();
      await kubectl(`set image ${what} c=nginx:1.26 -n ${ns}`);
      await settled();
      expect(await revisions()).toEqual([1, 2]);
      expect(await kubectl(`rollout history ${what} --revision=1 -n ${ns}`)).toContain('nginx:1.25');
      expect(await kubectl(`rollout undo ${what} -n ${ns}`)).toBe(`${what} rolled back\n`);
      await settled();
      expect(await image()).toBe('nginx:1.25');
      expect(await kubectl(`rollout restart ${what} -n ${ns}`)).toBe(`${what} restarted\n`);
      await settled();
      expect(await revisions()).toEqual([2, 3, 4]);
      expect((await kubectl.try(`rollout pause ${what} -n ${ns}`)).stderr).toContain('is not supported');
    }
  });

  it('proxy serves the API without credentials', async () => {
    const proxy = kubectl.start('proxy --port=0');
    try {
      let address: string | undefined;
      await eventually(async () => {
        address = /Starting to serve on (\S+)/.exec(proxy.stdout())?.[1];
        return Promise.resolve(address !== undefined);
      });
      const answer = await fetch(`http://${address}/api/v1/namespaces/default`);
      expect(await answer.json()).toMatchObject({ kind: 'Namespace', metadata: { name: 'default' } });
      const watch = await fetch(`http://${address}/api/v1/namespaces?watch=1&timeoutSeconds=1`);
      expect(await watch.text()).toContain('"type":"ADDED"');
    } finally {
      await proxy.stop();
    }
  });

  it('every command of kubectl help stands in docs/compatibility.md', async () => {
    const commands = (await kubectl('help')).split('\n').flatMap((line) => {
      const [, name] = /^ {2}([a-z][a-z-]*) {2,}[A-Z]/.exec(line) ?? [];
      return name === undefined ? [] : [name];
    });
    expect(commands.length).toBeGreaterThan(35);
    const page = readFileSync(join(repository, 'docs/compatibility.md'), 'utf8');
    const [, section = ''] = page.split('\n## kubectl\n');
    const told = new Set(
      [...(section.split('\n## ')[0] ?? '').matchAll(/`([a-z][a-z-]*)[ `]/g)].map(([, name]) => name),
    );
    expect(commands.filter((name) => !told.has(name))).toEqual([]);
  });

  it('the commands that need no server do their work with its kubeconfig', async () => {
    expect(await kubectl('config current-context')).toBe('drydock\n');
    expect(await kubectl('config get-contexts -o name')).toBe('drydock\n');
    expect(await kubectl('config get-clusters')).toContain('drydock');
    expect(await kubectl('config view --minify')).toContain(cluster.server);
    expect(await kubectl('completion bash')).toContain('kubectl');
    expect(await kubectl('options')).toContain('--kubeconfig');
    expect((await kubectl.try('plugin list')).stderr).toContain('unable to find any kubectl plugins');
  });
});
