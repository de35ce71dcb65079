import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  decodeObject,
  encodeMessage,
  openEnvelope,
  ProtobufSyntaxError,
  sealEnvelope,
  watchFrame,
} from './index.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const core = 'k8s.io.api.core.v1';
const configMapSchema = () => `${core}.ConfigMap`;

describe('what is written', () => {
  it('writes every scalar that is no pointer, and creationTimestamp as an empty message', () => {
    const meta = '0a0161' + '1200' + '1a00' + '2200' + '2a00' + '3200' + '3800' + '4200';
    expect(hex(encodeMessage(`${core}.ConfigMap`, { metadata: { name: 'a' } }))).toBe(`0a11${meta}`);
  });

  it('writes pointers only when they are set, also when they are zero', () => {
    const spec = (object: object): string => hex(encodeMessage('k8s.io.api.apps.v1.ReplicaSetSpec', object));
    expect(spec({ replicas: 0 }).startsWith('0800')).toBe(true);
    expect(spec({}).startsWith('08')).toBe(false);
  });

  it('sorts maps by the bytes of their keys', () => {
    const encoded = encodeMessage(`${core}.ConfigMap`, {
      metadata: {},
      data: { b: '2', '\u{1F600}': '4', a: '1', '\uFFFF': '3' },
    });
    const keys = Object.keys(decodeMessage(`${core}.ConfigMap`, encoded)['data'] as object);
    expect(keys).toEqual(['a', 'b', '\uFFFF', '\u{1F600}']);
  });

  it('writes int-or-string with all three of its fields', () => {
    const port = (value: unknown): string => hex(encodeMessage(`${core}.TCPSocketAction`, { port: value }));
    expect(port(80)).toBe('0a06' + '0800' + '1050' + '1a00' + '1200');
    expect(port('http')).toBe('0a0a' + '0801' + '1000' + '1a0468747470' + '1200');
  });

  it('writes negative numbers in ten bytes', () => {
    expect(hex(encodeMessage(`${core}.Toleration`, { tolerationSeconds: -1 }))).toBe(
      '0a00' + '1200' + '1a00' + '2200' + '28ffffffffffffffffff01',
    );
  });

  it('writes times in whole seconds and micro times with their fraction', () => {
    const lease = { renewTime: '2026-01-02T03:04:05.000006Z' };
    const encoded = encodeMessage('k8s.io.api.coordination.v1.LeaseSpec', lease);
    expect(decodeMessage('k8s.io.api.coordination.v1.LeaseSpec', encoded)).toEqual(lease);
    const meta = encodeMessage('k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta', {
      creationTimestamp: '1970-01-01T00:00:01Z',
    });
    expect(hex(meta).endsWith('4204' + '08011000')).toBe(true);
  });

  it('writes fields of inlined messages into the message they belong to', () => {
    const encoded = encodeMessage(`${core}.SecretKeySelector`, { name: 's', key: 'k' });
    expect(hex(encoded)).toBe('0a03' + '0a0173' + '12016b');
  });
});

describe('the envelope', () => {
  it('names the kind and ends with an empty encoding and content type', () => {
    const sealed = sealEnvelope('v1', 'Pod', Uint8Array.of(1, 2));
    expect(hex(sealed)).toBe('6b387300' + '0a09' + '0a027631' + '1203506f64' + '12020102' + '1a00' + '2200');
    expect(openEnvelope(sealed)).toEqual({ apiVersion: 'v1', kind: 'Pod', raw: Uint8Array.of(1, 2) });
  });

  it('frames an event of a watch with its length in four bytes', () => {
    expect(hex(watchFrame('ADDED', Uint8Array.of(7)))).toBe(
      '0000000c' + '0a054144444544' + '1203' + '0a0107',
    );
  });

  it('takes an object without its kind for what is expected', () => {
    const bytes = sealEnvelope('', '', encodeMessage(`${core}.ConfigMap`, { metadata: { name: 'a' } }));
    const object = decodeObject(bytes, configMapSchema, { apiVersion: 'v1', kind: 'ConfigMap' });
    expect(object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
  });
});

describe('what cannot be read', () => {
  const sealed = (raw: readonly number[]): Uint8Array =>
    sealEnvelope('v1', 'ConfigMap', Uint8Array.from(raw));
  it.each([
    [
      'no magic',
      Uint8Array.of(1, 2, 3),
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    ],
    ['nothing', new Uint8Array(), 'empty data'],
    ['nothing after the magic', Uint8Array.of(0x6b, 0x38, 0x73, 0), 'empty body'],
    ['a chunk that ends early', sealed([0x0a, 0x20, 1]), 'unexpected EOF'],
    ['a wrong wire type', sealed([0x08, 1]), 'proto: wrong wireType = 0 for field Metadata'],
    ['field number 0', sealed([0x02, 0]), 'proto: illegal tag 0 (wire type 2)'],
    ['the end of a group', sealed([0x0c]), 'proto: wiretype end group for non-group'],
    ['a varint without end', sealed(Array.from({ length: 12 }, () => 0xff)), 'proto: integer overflow'],
    ['text that is no UTF-8', sealed([0x0a, 3, 0x0a, 1, 0xff]), 'proto: invalid UTF-8 string'],
  ])('%s', (_what, bytes, message) => {
    expect(() => decodeObject(bytes, configMapSchema)).toThrow(new ProtobufSyntaxError(message));
  });

  it('messages nested without end', () => {
    const not = 28;
    let bytes = new Uint8Array();
    for (let depth = 0; depth < 2000; depth++) {
      const length = bytes.length;
      const head = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >>> 7];
      bytes = Uint8Array.from([(((not << 3) | 2) & 0x7f) | 0x80, (not << 3) >>> 7, ...head, ...bytes]);
    }
    expect(() =>
      decodeMessage('k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps', bytes),
    ).toThrow(ProtobufSyntaxError);
  });
});
