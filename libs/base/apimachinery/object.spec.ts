import { describe, expect, it } from 'vitest';
import {
  apiVersionOf,
  controllerOf,
  isControlledBy,
  joinKey,
  objectKey,
  ownerReferenceTo,
  parseApiVersion,
  selectorMatchesObject,
  splitKey,
} from './object.ts';
import { fnv32a, podTemplateHash, safeEncode } from './pod-template-hash.ts';

describe('objects', () => {
  it('have keys', () => {
    expect(objectKey({ metadata: { namespace: 'a', name: 'b' } })).toBe('a/b');
    expect(objectKey({ metadata: { name: 'b' } })).toBe('b');
    expect(splitKey('a/b')).toEqual({ namespace: 'a', name: 'b' });
    expect(splitKey('b')).toEqual({ namespace: '', name: 'b' });
    expect([joinKey('a', 'b'), joinKey('', 'b'), joinKey(undefined, 'b')]).toEqual(['a/b', 'b', 'b']);
  });

  it('have owners', () => {
    const owner = { metadata: { name: 'web', uid: 'u1' } };
    const type = { group: 'apps', version: 'v1', kind: 'ReplicaSet' };
    const reference = ownerReferenceTo(owner, type, { controller: true, blockOwnerDeletion: true });
    expect(reference).toEqual({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'web',
      uid: 'u1',
      controller: true,
      blockOwnerDeletion: true,
    });
    const pod = {
      metadata: { ownerReferences: [ownerReferenceTo({ metadata: { uid: 'u0' } }, type), reference] },
    };
    expect(controllerOf(pod)).toBe(reference);
    expect(isControlledBy(pod, owner)).toBe(true);
    expect(isControlledBy({ metadata: {} }, { metadata: {} })).toBe(false);
  });

  it('have versions and labels', () => {
    expect(parseApiVersion('apps/v1')).toEqual({ group: 'apps', version: 'v1' });
    expect(parseApiVersion('v1')).toEqual({ group: '', version: 'v1' });
    expect(() => parseApiVersion('a/b/c')).toThrow('unexpected GroupVersion string: a/b/c');
    expect([apiVersionOf('', 'v1'), apiVersionOf('apps', 'v1')]).toEqual(['v1', 'apps/v1']);
    expect(selectorMatchesObject({ matchLabels: { a: 'b' } }, { metadata: { labels: { a: 'b' } } })).toBe(
      true,
    );
    expect(selectorMatchesObject(undefined, { metadata: {} })).toBe(false);
  });
});

describe('template hashes', () => {
  it('follow from content, not from order', () => {
    const hash = podTemplateHash({ a: 1, b: { c: [1, 2] } });
    expect(podTemplateHash({ b: { c: [1, 2] }, a: 1 })).toBe(hash);
    expect(podTemplateHash({ b: { c: [2, 1] }, a: 1 })).not.toBe(hash);
    expect(podTemplateHash({ a: 1, b: { c: [1, 2] } }, 0)).not.toBe(hash);
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  });

  it('use FNV-1a and the safe alphabet', () => {
    expect(fnv32a(new TextEncoder().encode(''))).toBe(0x811c9dc5);
    expect(fnv32a(new TextEncoder().encode('foobar'))).toBe(0xbf9cf968);
    expect(safeEncode('0123456789')).toBe('456789bcdf');
  });
});
