import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  removeDataDir,
  repository,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const manifests = join(repository, 'e2e/manifests');

describe.each(kubectlsToTest())('kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;
  let folder: string;

  beforeAll(async () => {
    cluster = await startClusterProcess();
    kubectl = createKubectl(binary, cluster.kubeconfig);
    folder = mkdtempSync(join(tmpdir(), 'drydock-kubectl-'));
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => line.split(/\s{2,}/));

  it('get nodes shows three Ready nodes', async () => {
    const [head, ...nodes] = rows(await kubectl('get nodes'));
    expect(head).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION']);
    expect(nodes.map(([name, status]) => [name, status])).toEqual([
      ['node-0', 'Ready'],
      ['node-1', 'Ready'],
      ['node-2', 'Ready'],
    ]);
  });

  for (const [family, name] of readdirSync(manifests).flatMap((one) =>
    readdirSync(join(manifests, one)).map((two) => [one, two] as const),
  )) {
    it(`applies ${family}/${name}; its Deployments and ReplicationControllers become available within 5 s`, async () => {
      const namespace = `m-${name}`;
      await kubectl(`create namespace ${namespace}`);
      const applied = await kubectl(['apply', '-n', namespace, '-f', join(manifests, family, name)]);
      for (const line of applied.trim().split('\n')) expect(line).toMatch(/ created$/);
      await eventually(
        async () => {
          const list = JSON.parse(
            await kubectl(`get deployments,replicationcontrollers -n ${namespace} -o json`),
          ) as {
            items: { spec: { replicas: number }; status: { availableReplicas?: number } }[];
          };
          return list.items.every(({ spec, status }) => status.availableReplicas === spec.replicas);
        },
        { timeoutMs: 5_000, what: 'all replicas to be available' },
      );
      // kubectl says `configured` where a manifest writes a quantity its own way; nothing may change all the same.
      const generations = [
        'get',
        '-n',
        namespace,
        '-f',
        join(manifests, family, name),
        '-o',
        'jsonpath={..metadata.generation}',
      ];
      const before = await kubectl(generations);
      const again = await kubectl(['apply', '-n', namespace, '-f', join(manifests, family, name)]);
      for (const line of again.trim().split('\n')) expect(line).toMatch(/ (unchanged|configured)$/);
      expect(await kubectl(generations)).toBe(before);
      await kubectl(`delete namespace ${namespace}`);
      expect((await kubectl.try(`get namespace ${namespace}`)).stderr).toContain(
        `Error from server (NotFound): namespaces "${namespace}" not found`,
      );
    });
  }

  it('walks a Deployment through its life', async () => {
    await kubectl('create deployment web --image=nginx:1.25 --replicas=3');
    await kubectl('rollout status deployment/web --timeout=10s');
    const [head, row] = rows(await kubectl('get deployment web'));
    expect(head).toEqual(['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE']);
    expect(row?.slice(0, 4)).toEqual(['web', '3/3', '3', '3']);
    const pods = rows(await kubectl('get pods -l app=web -o wide')).slice(1);
    expect(pods).toHaveLength(3);
    expect(new Set(pods.map((pod) => pod[6])).size).toBe(3);
    expect(pods.every((pod) => pod[1] === '1/1' && pod[2] === 'Running')).toBe(true);

    expect(await kubectl('scale deployment web --replicas=5')).toBe('deployment.apps/web scaled\n');
    await kubectl('wait deployment/web --for=jsonpath={.status.availableReplicas}=5 --timeout=10s');

    expect(await kubectl('set image deployment/web nginx=nginx:1.27')).toBe(
      'deployment.apps/web image updated\n',
    );
    expect(await kubectl('rollout status deployment/web --timeout=10s')).toContain(
      'deployment "web" successfully rolled out',
    );
    expect(await kubectl('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe(
      'nginx:1.27',
    );
    const history = await kubectl('rollout history deployment/web');
    expect(history.trim().split('\n').slice(2)).toEqual(['1         <none>', '2         <none>']);

    expect(await kubectl('rollout undo deployment/web')).toBe('deployment.apps/web rolled back\n');
    await kubectl('rollout status deployment/web --timeout=10s');
    expect(await kubectl('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe(
      'nginx:1.25',
    );

    await kubectl('rollout pause deployment/web');
    await kubectl('set image deployment/web nginx=nginx:1.28');
    await eventually(
      async () =>
        (await kubectl('get deployment web -o jsonpath={.status.observedGeneration}')) ===
        (await kubectl('get deployment web -o jsonpath={.metadata.generation}')),
    );
    expect(await kubectl('get deployment web -o jsonpath={.status.updatedReplicas}')).toBe('');
    await kubectl('rollout resume deployment/web');
    await kubectl('rollout status deployment/web --timeout=10s');
    expect(await kubectl('rollout restart deployment/web')).toBe('deployment.apps/web restarted\n');
    await kubectl('rollout status deployment/web --timeout=10s');
    expect(await kubectl('describe deployment web')).toContain('NewReplicaSetAvailable');

    expect(await kubectl('expose deployment web --port=80')).toBe('service/web exposed\n');
    const endpoints = await eventually(
      async () =>
        (await kubectl(
          'get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[*].endpoints[*].addresses[0]}',
        )) || undefined,
    );
    expect(endpoints.trim().split(' ')).toHaveLength(5);

    await kubectl('delete deployment web --cascade=foreground');
    expect(await kubectl('get pods -l app=web -o name')).toBe('');
    await kubectl('delete service web');
  });

  it('deletes with each cascade', async () => {
    for (const cascade of ['background', 'orphan'] as const) {
      await kubectl(`create deployment c-${cascade} --image=nginx`);
      await kubectl(`rollout status deployment/c-${cascade} --timeout=10s`);
      await kubectl(`delete deployment c-${cascade} --cascade=${cascade}`);
    }
    await eventually(async () => (await kubectl('get replicasets -l app=c-background -o name')) === '');
    await eventually(async () => (await kubectl('get pods -l app=c-background -o name')) === '');
    const orphan = (await kubectl('get replicasets -l app=c-orphan -o name')).trim();
    expect(orphan).toMatch(/^replicaset\.apps\/c-orphan-/);
    await eventually(
      async () => (await kubectl(['get', orphan, '-o', 'jsonpath={.metadata.ownerReferences}'])) === '',
    );
    await kubectl(['delete', orphan]);
  });

  it('runs a Pod, shows its logs and its events, and describes it', async () => {
    expect(await kubectl('run box --image=busybox -- sleep 1d')).toBe('pod/box created\n');
    await kubectl('wait pod/box --for=condition=Ready --timeout=10s');
    expect(await kubectl('logs box')).toContain('box: starting (image busybox)');
    expect((await kubectl('logs box --tail=1')).trim().split('\n')).toHaveLength(1);
    const describing = await kubectl('describe pod box');
    expect(describing).toContain('Successfully assigned default/box to node-');
    await eventually(async () => (await kubectl('describe pod box')).includes('Started container box'));
    expect(await kubectl('events --for pod/box')).toContain('Scheduled');
    expect(await kubectl('get events --field-selector involvedObject.name=box')).toContain('Scheduled');
    await kubectl('delete pod box');
    expect((await kubectl.try('get pod box')).stderr).toBe(
      'Error from server (NotFound): pods "box" not found\n',
    );
  });

  it('labels, annotates, patches in three ways, edits and replaces', async () => {
    await kubectl('create configmap settings --from-literal=a=1');
    expect(await kubectl('label configmap settings tier=front')).toBe('configmap/settings labeled\n');
    expect(await kubectl('annotate configmap settings note=x')).toMatch(/^configmap\/settings annotated?\n$/);
    await kubectl(['patch', 'configmap', 'settings', '-p', '{"data":{"b":"2"}}']);
    await kubectl(['patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"a":null}}']);
    await kubectl([
      'patch',
      'configmap',
      'settings',
      '--type=json',
      '-p',
      '[{"op":"add","path":"/data/c","value":"3"}]',
    ]);
    expect(JSON.parse(await kubectl('get configmap settings -o jsonpath={.data}'))).toEqual({
      b: '2',
      c: '3',
    });
    const editor = join(folder, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/c: \\"3\\"/c: \\"4\\"/" "$1"\n', { mode: 0o755 });
    expect(
      await kubectl('edit configmap settings', { env: { EDITOR: editor, KUBE_EDITOR: editor } }),
    ).toContain('configmap/settings edited');
    expect(await kubectl('get configmap settings -o jsonpath={.data.c}')).toBe('4');
    const live = await kubectl('get configmap settings -o yaml');
    expect(await kubectl('replace -f -', { stdin: live.replace('"4"', '"5"') })).toBe(
      'configmap/settings replaced\n',
    );
    const stale = await kubectl.try('replace -f -', { stdin: live });
    expect(stale.code).toBe(1);
    expect(stale.stderr).toContain(
      'the object has been modified; please apply your changes to the latest version and try again',
    );
    expect(await kubectl('get configmaps -l tier=front -o name')).toBe('configmap/settings\n');
    await kubectl('delete configmap settings');
  });

  it('creates with every simple generator', async () => {
    const key = join(folder, 'key.txt');
    writeFileSync(key, 'value');
    for (const args of [
      'namespace gen',
      `configmap cm -n gen --from-file=${key}`,
      'secret generic s -n gen --from-literal=p=w',
      'serviceaccount robot -n gen',
      'service clusterip svc -n gen --tcp=80:8080',
      'service nodeport np -n gen --tcp=80',
      'service externalname ext -n gen --external-name example.org',
      'service loadbalancer lb -n gen --tcp=80',
      'role reader -n gen --verb=get --resource=pods',
      'rolebinding rb -n gen --role=reader --user=jane',
      'clusterrole cr --verb=get --resource=nodes',
      'clusterrolebinding crb --clusterrole=cr --user=jane',
      'quota q -n gen --hard=pods=5',
      'poddisruptionbudget pdb -n gen --selector=a=b --min-available=1',
      'priorityclass high --value=1000',
      'job j -n gen --image=busybox',
      'cronjob cj -n gen --image=busybox --schedule=@hourly',
      'ingress ing -n gen --rule=foo.com/*=svc:80',
      'deployment d -n gen --image=nginx',
    ]) {
      expect(await kubectl(`create ${args}`), args).toMatch(/ created\n$/);
    }
    const all = await kubectl('get all -n gen');
    expect(all).toContain('deployment.apps/d');
    expect(all).toContain('service/svc');
    await kubectl('delete namespace gen');
    await kubectl('delete clusterrole cr');
    await kubectl('delete clusterrolebinding crb');
    await kubectl('delete priorityclass high');
  });

  it('tells what it serves', async () => {
    const resources = await kubectl('api-resources');
    for (const line of [
      /^pods +po +v1 +true +Pod$/m,
      /^deployments +deploy +apps\/v1 +true +Deployment$/m,
      /^nodes +no +v1 +false +Node$/m,
    ]) {
      expect(resources).toMatch(line);
    }
    expect((await kubectl('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['apps/v1', 'v1', 'rbac.authorization.k8s.io/v1']),
    );
    expect(await kubectl('cluster-info')).toContain(cluster.server);
    expect(JSON.parse(await kubectl('get --raw /'))).toHaveProperty('paths');
    expect(await kubectl('get --raw /readyz')).toBe('ok');
    const checks = await kubectl('get --raw /readyz?verbose');
    expect(checks).toMatch(/^\[\+\]ping ok\n\[\+\]log ok\n\[\+\]etcd ok\n\[\+\]informer-sync ok\n/);
    expect(checks).toContain('[+]poststarthook/rbac/bootstrap-roles ok\n');
    expect(await kubectl('get --raw /metrics')).toContain('apiserver_storage_objects{resource="nodes"} 3\n');
    expect(await kubectl('explain pod.spec.containers')).toContain('FIELDS:');
    expect(await kubectl('version')).toContain('v1.36');
  });

  it('watches', async () => {
    await kubectl('create configmap watched --from-literal=a=1');
    const watching = kubectl.start('get configmap watched -w');
    await eventually(() => /^NAME +DATA +AGE\nwatched +1 /.test(watching.stdout()));
    await kubectl(['patch', 'configmap', 'watched', '-p', '{"data":{"b":"2"}}']);
    await eventually(() => /\nwatched +2 /.test(watching.stdout()));
    const events = kubectl.start('get configmaps -w --output-watch-events --watch-only -l watch=this');
    // Nothing tells when that watch has begun: what it is to see is done until it has been seen.
    await eventually(async () => {
      await kubectl('label configmap watched watch=that --overwrite');
      await kubectl('label configmap watched watch=this --overwrite');
      return /\nADDED +watched /.test(events.stdout());
    });
    await kubectl('delete configmap watched');
    await eventually(() => /\nDELETED +watched /.test(events.stdout()));
    await Promise.all([watching.stop(), events.stop()]);
  });

  it('refuses what Kubernetes refuses, in its words', async () => {
    const bad = await kubectl.try('apply --validate=false -f -', {
      stdin: readFileSync(join(manifests, 'web/guestbook/frontend-deployment.yaml'), 'utf8').replace(
        'app: guestbook\n        tier',
        'app: other\n        tier',
      ),
    });
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain('`selector` does not match template `labels`');
    const missing = await kubectl.try('create configmap x -n nowhere');
    expect(missing.stderr).toContain('namespaces "nowhere" not found');
    const unknown = await kubectl.try('create -f -', {
      stdin: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"foo":1}',
    });
    expect(unknown.stderr).toContain('unknown field "foo"');
    const pod = await kubectl.try('run Bad_Name --image=x');
    expect(pod.stderr).toContain('a lowercase RFC 1123');
  });
});
