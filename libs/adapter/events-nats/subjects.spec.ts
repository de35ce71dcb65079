import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { namesOf, prefixOf, resourceFilter, subjectOf } from './subjects.ts';

const change = (group: string, resource: string, namespace: string, name: string) => ({
  ...{ group, resource, namespace, name },
});

describe('subjects', () => {
  it('name group, resource, namespace and name', () => {
    expect(subjectOf('drydock.events', change('', 'pods', 'default', 'web-1'))).toBe(
      'drydock.events.core.pods.default.web-1',
    );
    expect(
      subjectOf('drydock.events', change('rbac.authorization.k8s.io', 'clusterroles', '', 'system:a.b')),
    ).toBe('drydock.events.rbac%2Eauthorization%2Ek8s%2Eio.clusterroles._.system%3Aa%2Eb');
    expect(resourceFilter('drydock.events', { group: 'apps', resource: 'deployments' })).toBe(
      'drydock.events.apps.deployments.>',
    );
  });

  it('are valid and reversible for every name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        const subject = subjectOf('p', change('g', 'r', '', name));
        expect(subject).toMatch(/^p\.g\.r\._\.[^.*>\s\p{Cc}]+$/u);
        expect(namesOf(subject)).toEqual({ namespace: '', name });
      }),
    );
  });

  it('of one stream are not those of another', () => {
    expect(prefixOf('DRYDOCK_EVENTS')).toBe('drydock.events');
    expect(prefixOf('OTHER')).toBe('drydock.events-OTHER');
  });
});
