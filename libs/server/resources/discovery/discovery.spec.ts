import { describe, expect, it } from 'vitest';
import {
  createErrors,
  sample,
  tableRow,
  testContext,
  updateErrors,
} from '../common/definition.spec-support.ts';
import { endpointSliceDefinition as definition } from './endpoint-slice.ts';

const endpoint = { addresses: ['10.0.0.1'] };
const slice = {
  addressType: 'IPv4',
  endpoints: [endpoint],
  ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
};

describe('EndpointSlice', () => {
  it.each([
    ['a plain one', {}, []],
    ['no type', { addressType: '' }, ['addressType: Required value']],
    [
      'an unknown type',
      { addressType: 'IP' },
      ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
    ],
    [
      'no address',
      { endpoints: [{ addresses: [] }] },
      ['endpoints[0].addresses: Required value: must contain at least 1 address'],
    ],
    [
      'an address of the other family',
      { endpoints: [{ addresses: ['fd00::1'] }] },
      ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address'],
    ],
    [
      'the host itself',
      { endpoints: [{ addresses: ['127.0.0.1'] }] },
      [
        'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],
    [
      'a bare host name',
      { addressType: 'FQDN', endpoints: [{ addresses: ['web'] }] },
      [
        'endpoints[0].addresses[0]: Invalid value: "web": should be a domain with at least two segments separated by dots',
      ],
    ],
    [
      'ports of the same name',
      { ports: [{ port: 80 }, { port: 81, protocol: 'XYZ' }] },
      [
        'ports[1].name: Duplicate value: ""',
        'ports[1].protocol: Unsupported value: "XYZ": supported values: "SCTP", "TCP", "UDP"',
      ],
    ],
  ])('checks %s', (_name, change, errors) => {
    expect(createErrors(definition, { ...slice, ...change })).toEqual(errors);
  });

  it('keeps its type of addresses', () => {
    expect(updateErrors(definition, { ...slice, addressType: 'IPv6' }, slice)).toEqual([
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
  });

  it('counts labels as content', () => {
    const old = sample(definition, slice, { generation: 1 });
    const changed = sample(definition, slice, { generation: 1, labels: { a: 'b' } });
    definition.strategy.prepareForUpdate?.(changed, old, testContext());
    expect(changed.metadata.generation).toBe(2);
    const same = sample(definition, slice, { generation: 1, annotations: { a: 'b' } });
    definition.strategy.prepareForUpdate?.(same, old, testContext());
    expect(same.metadata.generation).toBe(1);
  });

  it.each([
    ['nothing', { endpoints: [], ports: [] }, '<unset>', '<unset>'],
    ['one', {}, '80', '10.0.0.1'],
    [
      'more than fit',
      {
        endpoints: [
          { addresses: ['10.0.0.1', '10.0.0.2'] },
          { addresses: ['10.0.0.3', '10.0.0.4', '10.0.0.5'] },
        ],
        ports: [{ name: 'any' }, { name: 'b', port: 1 }],
      },
      'any,1',
      '10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...',
    ],
  ])('prints %s', (_name, change, ports, endpoints) => {
    expect(tableRow(definition, sample(definition, { ...slice, ...change }))).toEqual({
      Name: 'x',
      AddressType: 'IPv4',
      Ports: ports,
      Endpoints: endpoints,
      Age: '5m',
    });
  });
});
