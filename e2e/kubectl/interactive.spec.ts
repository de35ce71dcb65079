import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  freePort,
  createKubectl,
  eventually,
  interactivePods,
  kubectlsToTest,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

// 1.27 speaks SPDY/3.1; 1.30 SPDY too, WebSocket where it is asked to; 1.33 WebSocket.
describe.each(kubectlsToTest())('interactive subresources with kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;
  let folder: string;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--http-threads', '1'] });
    kubectl = createKubectl(binary, cluster.kubeconfig);
    folder = mkdtempSync(join(tmpdir(), 'drydock-interactive-'));
    await kubectl('apply -f -', { stdin: interactivePods });
    await kubectl('wait --for=condition=Ready pod/web pod/named --timeout=20s');
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
    rmSync(folder, { recursive: true, force: true });
  });

  describe('exec', () => {
    const sh = (script: string, ...options: string[]) =>
      kubectl.try(['exec', 'web', '-c', 'web', ...options, '--', 'sh', '-c', script]);

    it('keeps standard output and standard error apart and passes the exit code through', async () => {
      expect(await sh('echo out; echo err >&2; exit 42')).toEqual({
        code: 42,
        stdout: 'out\n',
        stderr: 'err\ncommand terminated with exit code 42\n',
      });
      expect(await sh('true')).toMatchObject({ code: 0, stderr: '' });
    });

    it('takes standard input, binary and large, and gives it back', async () => {
      const big = 'x'.repeat(300_000);
      const result = await kubectl.try(['exec', '-i', 'web', '-c', 'web', '--', 'cat'], { stdin: big });
      expect(result.code).toBe(0);
      expect(result.stdout === big).toBe(true);
      const script = await kubectl.try(['exec', '-i', 'web', '-c', 'web', '--', 'sh'], {
        stdin: 'x=3\nread y\nfor me\necho "$x $y"\nexit 6\n',
      });
      expect(script).toMatchObject({ code: 6, stdout: '3 for me\n' });
    });

    it('gives a container its environment, files and working directory', async () => {
      const pod = JSON.parse(await kubectl('get pod web -o json')) as { status: { podIP: string } };
      const { stdout } = await sh(
        'echo $GREETING $LOUD $mode $PASSWORD $POD_IP $KUBERNETES_SERVICE_HOST; pwd; hostname; cat /etc/hostname; cat /etc/settings/app.ini /etc/keys/password; grep -c "$POD_IP" /etc/hosts; grep ^search /etc/resolv.conf; ls /var/run/secrets/kubernetes.io/serviceaccount',
      );
      expect(stdout.split('\n')).toEqual([
        `hello hello! fast s3cret ${pod.status.podIP} 10.96.0.1`,
        '/srv',
        'web',
        'web',
        'a=1',
        's3cret1',
        'search default.svc.cluster.local svc.cluster.local cluster.local',
        'ca.crt',
        'namespace',
        'token',
        '',
      ]);
    });

    it('keeps files while the container lives, and shares an emptyDir among the containers of the Pod', async () => {
      await sh('echo kept > /tmp/kept; echo shared > /data/f');
      expect((await sh('cat /tmp/kept')).stdout).toBe('kept\n');
      expect(await kubectl('exec web -c side -- cat /shared/f')).toBe('shared\n');
      expect(await kubectl.try('exec web -c side -- cat /tmp/kept')).toMatchObject({ code: 1 });
      expect((await sh('echo no > /etc/keys/x')).stderr).toContain('Read-only file system');
    });

    it('sees a ConfigMap change in its volume', async () => {
      await kubectl(['patch', 'configmap', 'settings', '-p', '{"data":{"new.txt":"fresh"}}']);
      await eventually(async () => (await sh('cat /etc/settings/new.txt')).stdout === 'fresh');
    });

    it('chooses the container that was meant', async () => {
      expect(await kubectl.try('exec web -- hostname')).toMatchObject({
        stdout: 'web\n',
        stderr: 'Defaulted container "web" out of: web, side\n',
      });
      expect(await kubectl.try('exec named -- hostname')).toMatchObject({ stdout: 'named\n', stderr: '' });
      expect(await kubectl.try('exec web -c none -- ls')).toMatchObject({
        code: 1,
        stderr: 'Error from server (BadRequest): container none is not valid for pod web\n',
      });
    });

    it("says in Kubernetes' words why it cannot be done", async () => {
      expect(await kubectl.try('exec nopod -- ls')).toMatchObject({
        code: 1,
        stderr: 'Error from server (NotFound): pods "nopod" not found\n',
      });
      expect(await kubectl.try('exec unbound -- ls')).toMatchObject({
        code: 1,
        stderr: 'Error from server (BadRequest): pod unbound does not have a host assigned\n',
      });
      const waiting = await kubectl.try('exec slow -- ls');
      expect(waiting.code).toBe(1);
      expect(waiting.stderr).toMatch(
        /^error: (Internal error occurred: )?unable to upgrade connection: container not found \("c"\)\n$/,
      );
      const unknown = await kubectl.try('exec named -- nosuchprogram');
      expect(unknown.code).toBe(1);
      expect(unknown.stderr).toMatch(
        /OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuchprogram": executable file not found in \$PATH: unknown\n$/,
      );
      expect(
        await kubectl.try(['get', '--raw', '/api/v1/namespaces/default/pods/web/exec?command=ls']),
      ).toMatchObject({
        stderr:
          'Error from server (BadRequest): a container name must be specified for pod web, choose one of: [web side]\n',
      });
      expect(
        await kubectl.try([
          'get',
          '--raw',
          '/api/v1/namespaces/default/pods/named/exec?command=ls&container=one',
        ]),
      ).toMatchObject({
        stderr: 'Error from server (BadRequest): Upgrade request required\n',
      });
    });

    it('ends a command whose client has gone', async () => {
      const running = kubectl.start([
        'exec',
        'named',
        '-c',
        'one',
        '--',
        'sh',
        '-c',
        'while :; do echo tick; sleep 0.05; done',
      ]);
      await eventually(() => running.stdout().includes('tick'));
      expect(await kubectl('exec named -c one -- ps')).toContain('while :');
      await running.stop();
      await eventually(async () => !(await kubectl('exec named -c one -- ps')).includes('while :'));
    });
  });

  it('cp takes files and directories both ways, byte for byte, blanks in names and all', async () => {
    const from = join(folder, 'tree');
    mkdirSync(join(from, 'with blank', 'empty'), { recursive: true });
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7919) % 256));
    writeFileSync(join(from, 'with blank', 'bytes.bin'), bytes);
    writeFileSync(join(from, `${'long'.repeat(40)}.txt`), 'long\n');
    await kubectl(['cp', from, 'web:/tmp/tree', '-c', 'side']);
    expect(
      await kubectl([
        'exec',
        'web',
        '-c',
        'side',
        '--',
        'sh',
        '-c',
        'wc -c < "/tmp/tree/with blank/bytes.bin"; ls /tmp/tree | wc -l',
      ]),
    ).toBe('100000\n2\n');
    const back = join(folder, 'back');
    await kubectl(['cp', 'web:/tmp/tree', back, '-c', 'side']);
    expect(readFileSync(join(back, 'with blank', 'bytes.bin')).equals(bytes)).toBe(true);
    expect(readFileSync(join(back, `${'long'.repeat(40)}.txt`), 'utf8')).toBe('long\n');
    await kubectl(['cp', join(from, 'with blank', 'bytes.bin'), 'web:/shared/one', '-c', 'side']);
    expect(await kubectl(['exec', 'web', '-c', 'web', '--', 'sh', '-c', 'wc -c < /data/one'])).toBe(
      '100000\n',
    );
    // kubectl leaves when the archive ends, whether or not it has printed by then what tar complained of.
    await eventually(async () => {
      const missing = await kubectl.try(['cp', 'web:/nosuch', join(folder, 'none'), '-c', 'side']);
      return (missing.stdout + missing.stderr).includes('/nosuch: No such file or directory');
    });
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('port-forward reaches what a container listens on, and tells of a port where nothing does', async () => {
    const [open, closed, service] = [await freePort(), await freePort(), await freePort()];
    const forward = kubectl.start(['port-forward', 'pod/web', `${open}:80`, `${closed}:81`]);
    const toService = kubectl.start(['port-forward', 'service/web', `${service}:8000`]);
    try {
      await eventually(
        () => forward.stdout().includes(`127.0.0.1:${closed}`) && toService.stdout().includes('Forwarding'),
      );
      const answer = await (
        await fetch(`http://127.0.0.1:${open}/some/path?q=1`, { headers: { 'x-mark': 'here' } })
      ).text();
      expect(answer).toContain('Hostname: web\n');
      expect(answer).toContain('GET /some/path?q=1 HTTP/1.1\n');
      expect(answer).toContain('X-Mark: here\n');
      const body = 'b'.repeat(200_000);
      const posted = await (await fetch(`http://127.0.0.1:${open}/`, { method: 'POST', body })).text();
      expect(posted.endsWith(body)).toBe(true);
      const many = await Promise.all(
        Array.from({ length: 20 }, async (_, at) => (await fetch(`http://127.0.0.1:${open}/${at}`)).text()),
      );
      many.forEach((text, at) => expect(text).toContain(`GET /${at} HTTP/1.1`));
      expect(await (await fetch(`http://127.0.0.1:${service}/`)).text()).toContain('Port: 80\n');
      await expect(fetch(`http://127.0.0.1:${closed}/`)).rejects.toThrow();
      await eventually(() => forward.stderr().includes('connect: connection refused'));
      expect(forward.stderr()).toMatch(
        new RegExp(
          `an error occurred forwarding ${closed} -> 81: error forwarding port 81 to pod \\w+, uid : failed to execute portforward in network namespace`,
        ),
      );
    } finally {
      await forward.stop();
      await toService.stop();
    }
  });

  it('proxies to Pods, Services and nodes', async () => {
    const raw = (path: string) => kubectl.try(['get', '--raw', path]);
    expect((await raw('/api/v1/namespaces/default/pods/web/proxy/x?y=z')).stdout).toContain(
      'GET /x?y=z HTTP/1.1\n',
    );
    expect((await raw('/api/v1/namespaces/default/pods/http:web:80/proxy/')).stdout).toContain(
      'Hostname: web\n',
    );
    for (const id of ['web', 'web:http', 'web:8000', 'http:web:http'])
      expect((await raw(`/api/v1/namespaces/default/services/${id}/proxy/a`)).stdout).toContain(
        'GET /a HTTP/1.1\n',
      );
    expect((await raw('/api/v1/nodes/node-0/proxy/healthz')).stdout).toBe('ok');
    const node = (await kubectl('get pod web -o jsonpath={.spec.nodeName}')).trim();
    const pods = JSON.parse((await raw(`/api/v1/nodes/${node}/proxy/pods`)).stdout) as {
      items: { metadata: { name: string } }[];
    };
    expect(pods.items.map(({ metadata }) => metadata.name)).toContain('web');
    expect((await raw('/api/v1/namespaces/default/pods/web:81/proxy/')).stderr).toMatch(
      /^Error from server \(ServiceUnavailable\): error trying to reach service: dial tcp [\d.]+:81: connect: connection refused\n$/,
    );
    expect((await raw('/api/v1/namespaces/default/services/web:9/proxy/')).stderr).toBe(
      'Error from server (ServiceUnavailable): no service port "9" found for service "web"\n',
    );
    expect((await raw('/api/v1/namespaces/default/services/none/proxy/')).stderr).toContain(
      'services "none" not found',
    );
    expect((await raw('/api/v1/nodes/none/proxy/healthz')).stderr).toContain('nodes "none" not found');
  });

  describe('run, attach and debug', () => {
    it('run -i --rm runs the command, shows what it prints, and passes its exit code through', async () => {
      const ran = await kubectl.try([
        'run',
        'job',
        '-i',
        '--rm',
        '--restart=Never',
        '--image=busybox',
        '--',
        'sh',
        '-c',
        'echo hello; exit 4',
      ]);
      expect(ran.code).toBe(4);
      expect(ran.stdout).toContain('hello\n');
      expect(ran.stdout + ran.stderr).toContain('pod "job" deleted');
      const fed = await kubectl.try('run fed -i --rm --restart=Never --image=busybox', {
        stdin: 'echo from stdin\n',
      });
      expect(fed).toMatchObject({ code: 0, stdout: expect.stringContaining('from stdin\n') as string });
    });

    it('what a command of its own printed is its log, and its end the Pod’s', async () => {
      await kubectl.try([
        'run',
        'once',
        '--attach',
        '-i',
        '--restart=Never',
        '--image=busybox',
        '--',
        'echo',
        'logged',
      ]);
      expect(await kubectl('logs once')).toBe('logged\n');
      expect(await kubectl('get pod once -o jsonpath={.status.phase}')).toBe('Succeeded');
    });

    it('attach feeds the process and shows what it says', async () => {
      await kubectl([
        'run',
        'cat',
        '--image=busybox',
        '--restart=Never',
        '-i',
        '--attach=false',
        '--',
        'sh',
        '-c',
        'while read line; do echo "got $line"; [ "$line" = end ] && exit 3; done',
      ]);
      await kubectl('wait --for=condition=Ready pod/cat --timeout=20s');
      const attached = await kubectl.try('attach -i cat', { stdin: 'one\nend\n' });
      expect(attached.stdout).toContain('got one\ngot end\n');
      await eventually(
        async () =>
          (await kubectl([
            'get',
            'pod',
            'cat',
            '-o',
            'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}',
          ])) === '3',
      );
    });

    it('debug adds an ephemeral container that runs and ends', async () => {
      const debugged = await kubectl.try([
        'debug',
        'web',
        '-i',
        '--image=busybox',
        '-c',
        'dbg',
        '--',
        'sh',
        '-c',
        'echo in debug; hostname',
      ]);
      expect(debugged.stdout).toContain('in debug\nweb\n');
      const status = JSON.parse(
        await kubectl('get pod web -o jsonpath={.status.ephemeralContainerStatuses}'),
      ) as { name: string; state: { terminated?: { exitCode: number } } }[];
      expect(status).toMatchObject([{ name: 'dbg', state: { terminated: { exitCode: 0 } } }]);
      expect(await kubectl('logs web -c dbg')).toBe('in debug\nweb\n');
      expect(await kubectl('get pod web -o jsonpath={.status.phase}')).toBe('Running');
    });

    it('debug makes a copy of a Pod, and a Pod on a node', async () => {
      const copied = kubectl.start([
        'debug',
        'named',
        '-i',
        '--image=busybox',
        '--copy-to=named-copy',
        '-c',
        'dbg',
        '--',
        'sh',
        '-c',
        'echo copy of $(hostname); sleep 60',
      ]);
      await eventually(() => copied.stdout().includes('copy of named-copy\n'));
      await copied.stop();
      const onNode = await kubectl.try([
        'debug',
        'node/node-1',
        '-i',
        '--image=busybox',
        '--',
        'sh',
        '-c',
        'cat /host/etc/hostname',
      ]);
      expect(onNode.stdout + onNode.stderr).toContain('node-1\n');
    });
  });

  describe('logs', () => {
    it('-f shows lines as they come and ends with the container', async () => {
      await kubectl(['delete', 'pod', 'counting', '--now', '--ignore-not-found']);
      await kubectl('apply -f -', { stdin: interactivePods });
      // It runs for a moment only: a busy machine may look too late.
      await eventually(async () =>
        ['Running', 'Failed'].includes(await kubectl('get pod counting -o jsonpath={.status.phase}')),
      );
      const followed = await kubectl('logs -f counting');
      expect(followed).toBe([1, 2, 3, 4].map((at) => `line ${at}\nfault ${at}\n`).join(''));
    });

    it('knows --tail, --since, --since-time, --limit-bytes and --timestamps', async () => {
      await eventually(
        async () => (await kubectl('get pod counting -o jsonpath={.status.phase}')) === 'Failed',
      );
      expect(await kubectl('logs counting --tail=2')).toBe('line 4\nfault 4\n');
      expect(await kubectl('logs counting --tail=0')).toBe('');
      expect(await kubectl('logs counting --limit-bytes=8')).toBe('line 1\nf');
      expect(await kubectl('logs counting --since=1h')).toContain('line 1\n');
      expect(await kubectl('logs counting --since-time=2999-01-01T00:00:00Z')).toBe('');
      expect(await kubectl('logs counting --timestamps --tail=1')).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z fault 4\n$/,
      );
      expect(
        await kubectl(['get', '--raw', '/api/v1/namespaces/default/pods/counting/log?stream=Stderr']),
      ).toBe('fault 1\nfault 2\nfault 3\nfault 4\n');
    });

    it('goes over containers and Pods with --all-containers, --prefix and -l', async () => {
      const all = await kubectl('logs web --all-containers --prefix');
      expect(all).toContain('[pod/web/web] web: ready\n');
      expect(all).toContain('[pod/web/side] side: ready\n');
      expect(await kubectl('logs -l app=web --all-containers')).toContain('side: ready\n');
    });

    it('--previous gives the run before a restart', async () => {
      await eventually(
        async () =>
          Number(
            await kubectl([
              'get',
              'pod',
              'crash',
              '-o',
              'jsonpath={.status.containerStatuses[0].restartCount}',
            ]),
          ) > 0,
      );
      expect(await kubectl('logs crash --previous')).toContain('c: exiting with code 1\n');
      expect(await kubectl.try('logs web -c side --previous')).toMatchObject({
        code: 1,
        stderr:
          'Error from server (BadRequest): previous terminated container "side" in pod "web" not found\n',
      });
    });

    it("refuses in Kubernetes' words", async () => {
      expect(await kubectl.try('logs slow')).toMatchObject({
        code: 1,
        stderr:
          'Error from server (BadRequest): container "c" in pod "slow" is waiting to start: ContainerCreating\n',
      });
      const log = (query: string) =>
        kubectl.try(['get', '--raw', `/api/v1/namespaces/default/pods/${query}`]);
      expect((await log('web/log')).stderr).toBe(
        'Error from server (BadRequest): a container name must be specified for pod web, choose one of: [web side]\n',
      );
      expect((await log('web/log?container=web&tailLines=-1')).stderr).toBe(
        'The PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0\n',
      );
      expect(
        (await log('web/log?container=web&sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z')).stderr,
      ).toContain('at most one of `sinceTime` or `sinceSeconds` may be specified');
      expect(await kubectl.try('logs unbound')).toMatchObject({ code: 0, stdout: '' });
    });

    it('-f ends when its Pod is deleted', async () => {
      await kubectl('run fleeting --image=busybox --restart=Never');
      await kubectl('wait --for=condition=Ready pod/fleeting --timeout=20s');
      const following = kubectl.start('logs -f fleeting');
      await eventually(() => following.stdout().includes('ready'));
      await kubectl('delete pod fleeting --now');
      const ended = await Promise.race([
        following.ended,
        new Promise((resolve) => setTimeout(resolve, 10_000, 'still running')),
      ]);
      expect(ended).not.toBe('still running');
    });
  });
});
