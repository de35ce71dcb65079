import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '@drydock/api/core/v1';
import { behaviourOf } from './behaviour.ts';
import { argumentsOf, imageName } from './image-commands.ts';
import { isKnownServer, knownAnswers, ownCommand } from './own-command.ts';

const container = (
  image: string,
  command: string[] = [],
  args: string[] = [],
  more: object = {},
): Container => ({
  name: 'c',
  image,
  command,
  args,
  ...more,
});
const script = (text: string) => container('busybox', ['sh', '-c', text]);
const forMs = (ms: number | undefined) => ({ kind: 'wait', forMs: ms });
const run = { kind: 'run' };
const exec = { exec: { command: ['true'] } };

describe('what a container runs by itself', () => {
  it.each([
    ['nginx', 'nginx'],
    ['registry.example:5000/library/busybox:1.29@sha256:abc', 'busybox'],
    ['k8s.gcr.io/e2e-test-images/agnhost:2.21', 'agnhost'],
    ['', ''],
  ])('the name of %j is %j', (image, name) => expect(imageName(image)).toBe(name));

  it.each([
    ['an image that holds more', container('python:3', ['sh', '-c', 'echo']), undefined],
    ['an image without a command', container('busybox'), undefined],
    ['a command', container('busybox', ['false']), run],
    ['arguments of an image without an entry point', container('docker.io/alpine:3', [], ['date']), run],
    ['a script', script('echo hello; sleep 3600'), run],
    ['a sleep', container('busybox', ['sleep', '3600']), forMs(3_600_000)],
    ['a sleep in arguments', container('busybox', [], ['/bin/sleep', '5m']), forMs(300_000)],
    ['a sleep in a shell', script(' exec sleep 1.5 ; '), forMs(1_500)],
    ['an endless sleep', container('ubuntu', ['sleep', 'infinity']), forMs(undefined)],
    ['a tail of nothing', container('debian', ['tail', '-f', '/dev/null']), forMs(undefined)],
    ['a loop of sleeps', script('while true; do sleep 30; done'), forMs(undefined)],
    ['a loop of more', script('while true; do date; sleep 30; done'), run],
    ['a sleep of nothing known', container('busybox', ['sleep', 'long']), run],
    [
      'a sleep that is asked how it is',
      container('busybox', ['sleep', '9'], [], { livenessProbe: exec }),
      run,
    ],
    ['a sleep with a hook', container('busybox', ['sleep', '9'], [], { lifecycle: { preStop: exec } }), run],
    ['a sleep that is typed to', container('busybox', ['sleep', '9'], [], { stdin: true }), run],
    [
      'a sleep looked at from outside',
      container('busybox', ['sleep', '9'], [], { livenessProbe: {} }),
      forMs(9_000),
    ],
    ['a program of agnhost', container('agnhost:2.21', [], ['mounttest', '--fs_type=/v']), run],
    ['a server of agnhost', container('agnhost:2.21', [], ['netexec']), undefined],
  ])('%s', (_name, given, expected) => expect(ownCommand(given)).toEqual(expected));

  it.each([
    ['httpd as it is', container('httpd:2.4'), true],
    ['nginx with its own arguments', container('nginx', ['/usr/sbin/nginx'], ['-g', 'daemon off;']), true],
    ['httpd by its script', container('httpd', ['httpd-foreground']), true],
    ['nginx behind a script', container('nginx', ['sh', '-c', 'setup && nginx']), false],
    ['a debugger of nginx', container('nginx', [], ['nginx-debug']), false],
    ['agnhost', container('agnhost', [], ['netexec']), true],
    ['agnhost that runs a shell', container('agnhost', ['sh']), false],
    ['anything else', container('app'), false],
  ])('%s: whether its files are known', (_name, given, expected) =>
    expect(isKnownServer(given)).toBe(expected),
  );

  it('knows the entry point of agnhost', () => {
    expect(argumentsOf(container('agnhost'))).toEqual(['/agnhost', 'pause']);
    expect(argumentsOf(container('agnhost', [], ['netexec']))).toEqual(['/agnhost', 'netexec']);
    expect(argumentsOf(container('agnhost', ['sh'], ['-c']))).toEqual(['sh', '-c']);
  });

  it.each([
    ['/healthz', 'success,500@10s'],
    ['/redirect?loc=%2Fhealthz', 'success,500@10s'],
    ['/redirect?loc=http%3A%2F%2F0.0.0.0%2F', undefined],
    ['/', undefined],
  ])('agnhost liveness answers %s', (path, expected) =>
    expect(knownAnswers(container('agnhost', [], ['liveness']), { httpGet: { path, port: 8080 } })).toBe(
      expected,
    ),
  );

  it.each([
    [['test-webserver'], 80, undefined],
    [['test-webserver'], 81, 'refused'],
    [['netexec', '--http-port=81'], 81, undefined],
    [['netexec', '--http-port', '81'], 8080, 'refused'],
    [['netexec'], 8081, undefined],
    [['pause'], 80, undefined],
  ])('agnhost %j at port %d', (args, port, expected) => {
    const known = { httpGet: { path: '/', port } };
    expect(knownAnswers(container('agnhost', [], args), known)).toBe(expected);
    expect(knownAnswers(container('agnhost', [], args), { tcpSocket: { port } })).toBe(expected);
    expect(
      knownAnswers(container('agnhost', [], args), { tcpSocket: { port, host: '10.0.0.1' } }),
    ).toBeUndefined();
  });

  const behaviour = (given: Container, annotations: Record<string, string> = {}, init = false) => {
    const { runCommand, exitAfterMs } = behaviourOf(
      { metadata: { annotations } } as unknown as Pod,
      given,
      init,
      0,
    );
    return [runCommand, exitAfterMs];
  };
  const hello = script('echo hello');
  it.each([
    ['by its image', behaviour(hello), ['known', undefined]],
    [
      'by annotation',
      behaviour(container('x'), { 'run-command.drydock.dev/c': 'true' }),
      ['asked', undefined],
    ],
    ['not, by annotation', behaviour(hello, { 'drydock.dev/run-command': 'false' }), ['no', undefined]],
    ['not where its end is scripted', behaviour(hello, { 'drydock.dev/exit-after': '2s' }), ['no', 2_000]],
    ['not where its log is scripted', behaviour(hello, { 'drydock.dev/logs': 'x' }), ['no', undefined]],
    ['as an init container', behaviour(hello, {}, true), ['known', undefined]],
    ['as one that waits', behaviour(script('sleep 5'), {}, true), ['no', 5_000]],
    ['as one of another image', behaviour(container('x'), {}, true), ['no', 0]],
  ])('is run %s', (_name, found, expected) => expect(found).toEqual(expected));
});
