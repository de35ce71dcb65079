import { describe, expect, it } from 'vitest';
import { startRest } from './rest.spec-support.ts';
import { warningHeader, warningHeaders } from './warning-headers.ts';

describe('Warning headers', () => {
  it('quote their text', () => {
    expect(warningHeader('unknown field "a\\b"')).toBe('299 - "unknown field \\"a\\\\b\\""');
  });

  it('hold UTF-8, a character for each byte', () => {
    const header = warningHeader('ü🚢') ?? '';
    expect(Buffer.from(header, 'latin1').toString('utf8')).toBe('299 - "ü🚢"');
  });

  it.each(['', 'a\nb', '\u0000', '\u007f', '\u0085', '\ud800'])('cannot hold %j', (text) => {
    expect(warningHeader(text)).toBeUndefined();
    expect(warningHeaders([text])).toEqual({});
    expect(warningHeaders([text, 'b'])).toEqual({ warning: ['299 - "b"'] });
  });

  it('say each thing once', () => {
    expect(warningHeaders(['a', 'b', 'a'])).toEqual({ warning: ['299 - "a"', '299 - "b"'] });
  });

  it('are cut to 256 characters each, and 4,096 in all, where they are longer', () => {
    const long = (index: number) => `${index} ${'ü'.repeat(1_000)}`;
    const of = (count: number) =>
      (warningHeaders(Array.from({ length: count }, (_, index) => long(index)))['warning'] ?? []) as string[];
    expect(of(4).map((one) => Buffer.from(one, 'latin1').toString('utf8').length)).toEqual(
      Array.from({ length: 4 }, () => 1_002 + 8),
    );
    expect(of(5).map((one) => Buffer.from(one, 'latin1').toString('utf8').length)).toEqual(
      Array.from({ length: 5 }, () => 256 + 8),
    );
    expect(of(100)).toHaveLength(16);
  });

  it('come with writes to the status, and with every answer of kinds that go away', async () => {
    const server = await startRest();
    const services = '/api/v1/namespaces/default/services';
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec };
    const made = await server.call('POST', services, { body: service });
    expect(made.warnings).toEqual([]);
    const status = { loadBalancer: { ingress: [{ ip: 'FD00::1' }] } };
    const written = await server.call('PATCH', `${services}/web/status`, {
      type: 'application/merge-patch+json',
      body: { status },
    });
    expect(written.warnings).toEqual([
      'status.loadBalancer.ingress[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    ]);
    const listed = await server.call('GET', '/api/v1/endpoints');
    expect(listed.warnings).toEqual([
      'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    ]);
    await server.stop();
  });
});
