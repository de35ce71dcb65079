import { describe, expect, it } from 'vitest';
import type { Pod } from '@drydock/api/core/v1';
import { createImageStore, imageStep, pulledMessage } from './images.ts';

const pod = (annotations: Record<string, string> = {}) => ({ metadata: { name: 'p', annotations } }) as Pod;
const step = (image: string, imagePullPolicy?: string, of = pod(), images = createImageStore()) => {
  const found = imageStep(of, { name: 'c', image, ...(imagePullPolicy ? { imagePullPolicy } : {}) }, images);
  return found.kind === 'fault' ? `${found.fault.reason}: ${found.fault.message}` : found.kind;
};

describe('the image of a container', () => {
  it('is pulled by policy, and there for the next', () => {
    const images = createImageStore();
    expect(step('nginx', 'IfNotPresent', pod(), images)).toBe('pull');
    expect(step('nginx', 'Never', pod(), images)).toBe(
      'ErrImageNeverPull: Container image "nginx" is not present with pull policy of Never',
    );
    images.add('nginx');
    expect(step('nginx:latest', 'IfNotPresent', pod(), images)).toBe('present');
    expect(step('nginx', 'Never', pod(), images)).toBe('present');
    expect(step('nginx', 'Always', pod(), images)).toBe('pull');
    expect(step('nginx:1', undefined, pod(), images)).toBe('pull');
  });

  it('has a name that can be read', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    for (const good of [
      'nginx',
      'a/b_c:1.0-x',
      'registry.example:5000/team/app:v1',
      `r.example/a@${digest}`,
      `a:1@${digest}`,
    ])
      expect(step(good)).toBe('pull');
    const bad = (image: string, why: string) =>
      `InvalidImageName: Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${why}`;
    const lower = 'invalid reference format: repository name (library/NGINX) must be lowercase';
    expect(step('NGINX')).toBe(bad('NGINX', lower));
    expect(step('nginx:')).toBe(bad('nginx:', 'invalid reference format'));
    expect(step('a b')).toBe(bad('a b', 'invalid reference format'));
    expect(step('nginx@sha256:1')).toBe(bad('nginx@sha256:1', 'invalid reference format'));
  });

  it('cannot be had where its Pod says so', () => {
    const name = 'docker.io/library/ghost:latest';
    expect(step('ghost', 'Always', pod({ 'drydock.dev/image-error': 'ErrImagePull' }))).toBe(
      `ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`,
    );
    expect(step('ghost', 'Always', pod({ 'image-error.drydock.dev/c': 'no route to host' }))).toBe(
      'ErrImagePull: no route to host',
    );
    expect(step('ghost', 'Always', pod({ 'drydock.dev/image-error': 'RegistryUnavailable' }))).toBe(
      'RegistryUnavailable: RegistryUnavailable',
    );
  });

  it.each([
    ['webserver:404', true],
    ['foo:non-existent', true],
    ['nginx:nonexistent', true],
    ['nginx:does-not-exist', true],
    ['example.com/no-such-image', true],
    ['invalid.example/app:v1', true],
    ['registry.example/invalid-image:invalid-tag', true],
    ['nginx:1.404.2', false],
    ['nginx:v1404', false],
    ['app/invalidator:v1', false],
    [`nginx@sha256:${'404'.repeat(21)}0`, false],
  ])('%s is said by its own name to be nowhere: %s', (image, expected) => {
    expect(step(image).startsWith('ErrImagePull: ')).toBe(expected);
    expect(step(image, 'Always', pod({ 'drydock.dev/image-error': '' }))).toBe('pull');
    const images = createImageStore();
    images.add(image);
    expect(step(image, 'IfNotPresent', pod(), images)).toBe('present');
  });

  it('is told of as the kubelet does', () => {
    expect(pulledMessage('nginx', undefined)).toBe('Container image "nginx" already present on machine');
    expect(pulledMessage('nginx', 1234.5)).toMatch(
      /^Successfully pulled image "nginx" in 1\.234s \(1\.234s including waiting\)\. Image size: \d+ bytes\.$/,
    );
  });
});
