import { describe, expect, it } from 'vitest';
import type { EndpointSubset, Pod, Service } from '@drydock/api/core/v1';
import { repack, subsetsOf, truncated } from './subsets.ts';

// The facts of kube-controller-manager's own tables about Endpoints.

/** `ready,ready!notready,notready:port,port`; an address is `ip` or `ip/uid`. */
function subset(text: string): EndpointSubset {
  const [hosts = '', numbers = ''] = text.split(':');
  const [ready = '', others = ''] = hosts.split('!');
  const addresses = (list: string) =>
    list
      .split(',')
      .filter((one) => one !== '')
      .map((one) => {
        const [ip = '', uid] = one.replaceAll('~', ':').split('/');
        return uid === undefined ? { ip } : { ip, targetRef: { uid } };
      });
  const ports = numbers.split(',').filter((one) => one !== '');
  return {
    addresses: addresses(ready),
    notReadyAddresses: addresses(others),
    ports: ports.map((port) => ({ port: Number(port) })),
  };
}
function text({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): string {
  const hosts = (list: typeof addresses) =>
    list
      .map(({ ip, targetRef }) => `${ip}${targetRef?.uid ? `/${targetRef.uid}` : ''}`.replaceAll(':', '~'))
      .join(',');
  const others = notReadyAddresses.length > 0 ? `!${hosts(notReadyAddresses)}` : '';
  return `${hosts(addresses)}${others}:${ports.map(({ port }) => port).join(',')}`;
}

describe('subsets in their shortest form', () => {
  it.each<[string, string[], string[]]>([
    ['nothing', [':'], []],
    ['a port without addresses', [':111'], []],
    ['an address without ports', ['1.2.3.4:'], ['1.2.3.4:']],
    ['an address that is not ready, without ports', ['!1.2.3.4:'], ['!1.2.3.4:']],
    ['one of each', ['1.2.3.4:111'], ['1.2.3.4:111']],
    ['IPv6', ['beef~~1~2~3~4:111'], ['beef~~1~2~3~4:111']],
    ['an object', ['1.2.3.4/a:111'], ['1.2.3.4/a:111']],
    ['an object that is not ready', ['!1.2.3.4/a:111'], ['!1.2.3.4/a:111']],
    ['two addresses', ['1.2.3.4,5.6.7.8:111'], ['1.2.3.4,5.6.7.8:111']],
    ['two states', ['1.2.3.4!5.6.7.8:111'], ['1.2.3.4!5.6.7.8:111']],
    ['one address in two states', ['1.2.3.4!1.2.3.4:111'], ['!1.2.3.4:111']],
    ['two ports', ['1.2.3.4:111,222'], ['1.2.3.4:111,222']],
    ['an address twice', ['1.2.3.4,1.2.3.4:111'], ['1.2.3.4:111']],
    ['an IPv6 address twice', ['beef~~1,beef~~1:111'], ['beef~~1:111']],
    ['a port twice', ['1.2.3.4:111,111'], ['1.2.3.4:111']],
    ['the same twice', ['1.2.3.4:111', '1.2.3.4:111'], ['1.2.3.4:111']],
    ['the same in two states', ['1.2.3.4:111', '!1.2.3.4:111'], ['!1.2.3.4:111']],
    ['one address at two ports', ['1.2.3.4:111', '1.2.3.4:222'], ['1.2.3.4:111,222']],
    ['one object at two ports', ['1.2.3.4/a:111', '1.2.3.4/a:222'], ['1.2.3.4/a:111,222']],
    [
      'one object, ready at one of its ports',
      ['1.2.3.4/a:111', '!1.2.3.4/a:222'],
      ['1.2.3.4/a:111', '!1.2.3.4/a:222'],
    ],
    ['two addresses at one port', ['1.2.3.4:111', '5.6.7.8:111'], ['1.2.3.4,5.6.7.8:111']],
    ['two objects at one address', ['1.2.3.4/a:111', '1.2.3.4/b:111'], ['1.2.3.4/a,1.2.3.4/b:111']],
    ['an address with and without object', ['1.2.3.4:111', '1.2.3.4/b:111'], ['1.2.3.4,1.2.3.4/b:111']],
    [
      'any order',
      ['5.6.7.8:111', '5.6.7.8/a:111', '1.2.3.4/a:111', '1.2.3.4:111'],
      ['1.2.3.4,1.2.3.4/a,5.6.7.8,5.6.7.8/a:111'],
    ],
    [
      'any order and state',
      ['5.6.7.8:111', '!5.6.7.8/a:111', '!1.2.3.4/a:111', '!1.2.3.4:111'],
      ['5.6.7.8!1.2.3.4,1.2.3.4/a,5.6.7.8/a:111'],
    ],
    ['two of each', ['1.2.3.4:111', '5.6.7.8:222'], ['1.2.3.4:111', '5.6.7.8:222']],
    [
      'a jumble',
      ['1.2.3.4:111', '1.2.3.5:222', '1.2.3.6:111', '1.2.3.5:333'],
      ['1.2.3.4,1.2.3.6:111', '1.2.3.5:222,333'],
    ],
    [
      'a jumble of states',
      ['1.2.3.4:111', '!1.2.3.5:222', '1.2.3.6:111', '!1.2.3.5:333'],
      ['1.2.3.4,1.2.3.6:111', '!1.2.3.5:222,333'],
    ],
  ])('%s', (_title, given, expected) => {
    expect(repack(given.map(subset)).map(text)).toEqual(expected);
    expect(repack(given.map(subset).reverse()).map(text)).toEqual(expected);
  });

  it('keeps the first object of an address where none has a uid', () => {
    const named = (name: string) => ({ ip: '1.2.3.4', targetRef: { name } });
    const ports = [{ port: 111 }];
    expect(repack([{ addresses: [named('a')], notReadyAddresses: [named('b')], ports }])).toEqual([
      { notReadyAddresses: [named('a')], ports },
    ]);
  });
});

describe('the address of a Pod', () => {
  const [four, six] = ['1.2.3.4', '2000::4'];
  const pod = (...ips: string[]): Pod => ({
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [], nodeName: 'n' },
    status: {
      phase: 'Running',
      podIP: ips[0] ?? '',
      podIPs: ips.map((ip) => ({ ip })),
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
  const [ip4, ip6, headless] = [
    { clusterIP: '10.0.0.1' },
    { clusterIP: '3000::1' },
    { clusterIP: 'None' },
  ] as const;
  it.each<[string, Pod, object, string | undefined]>([
    ['IPv4', pod(four), ip4, four],
    ['IPv4 of both', pod(four, six), ip4, four],
    ['IPv4 of both, IPv6 first', pod(six, four), ip4, four],
    ['IPv6 of both', pod(four, six), ip6, six],
    ['headless, IPv4', pod(four), headless, four],
    ['headless, IPv6', pod(six), headless, six],
    ['headless, IPv4 first', pod(four, six), headless, four],
    ['headless, IPv6 first', pod(six, four), headless, six],
    ['headless for IPv4', pod(six, four), { ...headless, ipFamilies: ['IPv4'] }, four],
    ['headless for IPv6', pod(four, six), { ...headless, ipFamilies: ['IPv6', 'IPv4'] }, six],
    ['IPv6 for a Pod that has none', pod(four), ip6, undefined],
  ])('%s', (_title, one, spec, expected) => {
    const service: Service = {
      metadata: { name: 's', namespace: 'default' },
      spec: { ports: [{ port: 80, targetPort: 8080 }], ...spec } as never,
    };
    expect(subsetsOf(service, [one])[0]?.addresses?.[0]?.ip).toBe(expected);
  });
});

describe('more than 1000 addresses', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ ip: `10.0.${at >> 8}.${at & 255}` }));
  type Counts = [ready: number, others: number];
  it.each<[string, Counts[], Counts[] | undefined]>([
    ['as many as fit', [[500, 500]], undefined],
    ['others only', [[0, 1001]], [[0, 1000]]],
    ['ready ones only', [[1001, 0]], [[1000, 0]]],
    ['ready ones take the place of others', [[1000, 1000]], [[1000, 0]]],
    ['others take the room that is left', [[900, 200]], [[900, 100]]],
    [
      'each its share of ready ones',
      [
        [1000, 100],
        [500, 100],
        [500, 100],
      ],
      [
        [500, 0],
        [250, 0],
        [250, 0],
      ],
    ],
    [
      'each its share of the others',
      [
        [100, 400],
        [200, 800],
        [300, 800],
      ],
      [
        [100, 80],
        [200, 160],
        [300, 160],
      ],
    ],
    [
      'what is rounded up lacks in the end',
      [
        [334, 0],
        [334, 0],
        [334, 0],
      ],
      [
        [334, 0],
        [334, 0],
        [332, 0],
      ],
    ],
  ])('%s', (_title, given, expected) => {
    const cut = truncated(
      given.map(([ready, others]) => ({ addresses: many(ready), notReadyAddresses: many(others) })),
    );
    const counts = cut?.map(({ addresses, notReadyAddresses }) => [
      addresses?.length ?? 0,
      notReadyAddresses?.length ?? 0,
    ]);
    expect(counts).toEqual(expected);
  });
});
