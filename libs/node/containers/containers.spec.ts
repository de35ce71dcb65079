import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '@drydock/base/clock';
import { createBytePipe, readAll } from '@drydock/base/streams';
import type { Pod } from '@drydock/api/core/v1';
import type { Client } from '@drydock/machinery/client';
import type { BackendRequest } from '@drydock/port/kubelet';
import { createFileSystem } from '../files/index.ts';
import { allocatableFor, downward, substitute } from './environment.ts';
import { createOutputLog } from './output-log.ts';
import { answer, listeningPorts, serveConnection } from './pod-server.ts';
import { createTerminal } from './terminal.ts';
import { openTerminationLog, terminationMessage } from './termination-message.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const never = new AbortController().signal;

describe('terminal', () => {
  function make() {
    const [keys, screen] = [createBytePipe(), createBytePipe()];
    const terminal = createTerminal(keys, screen);
    const press = (text: string) => keys.push(encoder.encode(text));
    const line = async () => decoder.decode(await terminal.input.readLine(never));
    return { keys, screen, terminal, press, line };
  }

  it('hands on whole lines, edited', async () => {
    const { press, line } = make();
    press('abd\x7fc\r');
    expect(await line()).toBe('abc\n');
    press('old\x15new ü\x7fword gone\x17\n');
    expect(await line()).toBe('new word \n');
  });

  it('echoes what is typed, and writes newlines as CR LF', async () => {
    const { keys, screen, terminal, press, line } = make();
    press('hi\r');
    await line();
    await terminal.output.write(encoder.encode('a\nb\n'));
    keys.end();
    await terminal.finish();
    screen.end();
    expect(decoder.decode(await readAll(screen))).toBe('hi\r\na\r\nb\r\n');
  });

  it('Ctrl-C interrupts the newest listener alone; Ctrl-D ends one read, not the next', async () => {
    const { press, terminal, line } = make();
    const heard: string[] = [];
    terminal.terminal.onInterrupt(() => heard.push('outer'));
    const forget = terminal.terminal.onInterrupt(() => heard.push('inner'));
    press('half\x03\x04next\r');
    expect(await terminal.input.readLine(never)).toBeUndefined();
    expect(await line()).toBe('next\n');
    forget();
    press('\x03x\r');
    expect(await line()).toBe('x\n');
    expect(heard).toEqual(['inner', 'outer']);
  });

  it('does not gather lines without bound', async () => {
    const { keys } = make();
    for (let line = 0; line < 5_000; line++) keys.push(encoder.encode('y\r'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(keys.pendingBytes).toBeGreaterThan(5_000);
  });
});

describe('the server of a Pod', () => {
  const pod = (spec: Pod['spec'], annotations?: Record<string, string>): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', annotations },
    spec,
    status: { podIP: '10.0.0.1' },
  });

  it('listens on declared ports, those of probes, of known images, and of the annotation', () => {
    const ports = listeningPorts(
      pod(
        {
          containers: [
            {
              name: 'a',
              image: 'registry.example/team/nginx:1@sha256:0',
              ports: [{ containerPort: 9000 }, { containerPort: 53, protocol: 'UDP' }],
            },
            { name: 'b', image: 'x', readinessProbe: { httpGet: { port: 8081 as never } } },
          ],
        },
        { 'drydock.dev/ports': '7000, x, 99999' },
      ),
    );
    expect([...ports].sort()).toEqual([7000, 80, 8081, 9000]);
  });

  async function talk(text: string): Promise<string> {
    const [inbound, outbound] = [createBytePipe(), createBytePipe({ highWaterBytes: 1e7 })];
    inbound.push(encoder.encode(text));
    inbound.end();
    const channel = {
      read: () => inbound.read(),
      cancel: () => inbound.cancel(),
      write: outbound.write,
      end: outbound.end,
    };
    await serveConnection(channel, (request: BackendRequest) =>
      answer(pod({ containers: [] }), 'p', 80, request),
    );
    outbound.end();
    return decoder.decode(await readAll(outbound));
  }

  it('answers requests one after another, with bodies of known and of unknown length', async () => {
    const text = await talk(
      'POST /a?b=c HTTP/1.1\r\nX-Y: z\r\nContent-Length: 3\r\n\r\nabc' +
        'POST /chunks HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n' +
        'HEAD /h HTTP/1.1\r\nConnection: close\r\n\r\n',
    );
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(text).toContain('POST /a?b=c HTTP/1.1\nX-Y: z\n');
    expect(text).toContain('\nabc');
    expect(text).toContain('\ndef');
    expect(text.endsWith('connection: close\r\n\r\n')).toBe(true);
  });

  it('gives back what is no HTTP, and refuses bad HTTP', async () => {
    expect(await talk('\x00\x01ping')).toBe('\x00\x01ping');
    expect(await talk('GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await talk('GET /\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await talk('GET / HTTP/1.1\r\n')).toBe('');
  });
});

describe('output of a process', () => {
  it('is kept in lines, with the stream of each; the oldest go', async () => {
    const log = createOutputLog();
    const changed = log.changed();
    log.append('stdout', encoder.encode('one\ntw'), 1);
    log.append('stderr', encoder.encode('fault\r\n'), 2);
    log.append('stdout', encoder.encode('o'), 3);
    await changed;
    log.close(4);
    expect(log.lines()).toEqual([
      { atMs: 1, text: 'one', stream: 'stdout' },
      { atMs: 2, text: 'fault', stream: 'stderr' },
      { atMs: 4, text: 'two', stream: 'stdout' },
    ]);
    for (let line = 0; line < 20_000; line++) log.append('stdout', encoder.encode('x\n'), 5);
    expect(log.lines().length).toBe(10_000);
  });
});

describe('the message of a container that has ended', () => {
  const fs = () => createFileSystem({ clock: createVirtualClock() });

  it('is what it wrote where its spec says, cut to size', () => {
    const files = fs();
    const container = { name: 'c', terminationMessagePath: '/var/run/why' };
    openTerminationLog(container, files);
    expect(terminationMessage(container, files, undefined, 0)).toBeUndefined();
    files.writeFile('/var/run/why', encoder.encode('done'));
    expect(terminationMessage(container, files, undefined, 0)).toBe('done');
    files.writeFile('/var/run/why', encoder.encode('x'.repeat(5_000)));
    expect(terminationMessage(container, files, undefined, 0)).toHaveLength(4_096);
  });

  it('is the end of its log where it failed without a word, if its policy is that', () => {
    const files = fs();
    const container = { name: 'c', terminationMessagePolicy: 'FallbackToLogsOnError' as const };
    const log = createOutputLog();
    for (let line = 0; line < 100; line++) log.append('stdout', encoder.encode(`line ${line}\n`), 1);
    log.close(2);
    openTerminationLog(container, files);
    expect(terminationMessage(container, files, log, 0)).toBeUndefined();
    expect(terminationMessage({ name: 'c' }, files, log, 1)).toBeUndefined();
    const message = terminationMessage(container, files, log, 1) ?? '';
    expect(message.split('\n')).toHaveLength(81);
    expect(message.startsWith('line 20\n')).toBe(true);
    files.writeFile('/dev/termination-log', encoder.encode('mine'));
    expect(terminationMessage(container, files, log, 1)).toBe('mine');
  });
});

describe('environment', () => {
  it('tells the limit of a container, which is what its node can give where it has none', async () => {
    const source = { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } };
    const container = { name: 'c', env: [{ name: 'CPU', valueFrom: source }] };
    const pod = { metadata: {}, spec: { nodeName: 'node-0', containers: [container] } } as unknown as Pod;
    const asked: string[] = [];
    const client = {
      resource: () => ({
        get(name: string) {
          asked.push(name);
          return Promise.resolve({ metadata: {}, status: { allocatable: { cpu: '3500m' } } });
        },
      }),
    } as unknown as Client;
    const allocatable = await allocatableFor(pod, client);
    const place = { pod, hostIp: '', podIp: '', hostname: '', client, allocatable };
    expect(downward(source, { ...place, container })).toBe('3500');
    const limited = { ...container, resources: { limits: { cpu: '250m' } } };
    expect(downward(source, { ...place, container: limited })).toBe('250');
    const requests = { resourceFieldRef: { resource: 'requests.cpu' } };
    expect(downward(requests, { ...place, container })).toBe('0');
    expect(
      await allocatableFor({ metadata: {}, spec: { nodeName: 'node-0' } } as Pod, client),
    ).toBeUndefined();
    expect(asked).toEqual(['node-0']);
  });

  it('puts in what is defined before, and leaves the rest', () => {
    const env = new Map([['A', 'a']]);
    expect(substitute('$(A)-$(B)-$$(A)-$A', env)).toBe('a-$(B)-$(A)-$A');
  });
});
