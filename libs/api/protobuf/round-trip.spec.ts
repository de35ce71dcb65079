import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { kinds, lookupSchema } from '@drydock/api/scheme';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from './index.ts';
import { loadSecondImplementation, message, said, toProto, type Json } from './round-trip.spec-support.ts';

const protos = fileURLToPath(new URL('../proto/', import.meta.url));
const files = readdirSync(protos, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.startsWith('k8s/') && file.endsWith('.proto'))
  .map((file) => protos + file);
const second = loadSecondImplementation(files);
const schemas = [...new Set(kinds.map(({ schema }) => schema))].sort();
const toObject = { longs: Number, defaults: false } as const;
const runs = { seed: 3, numRuns: 12 };

describe('protobuf of every kind', () => {
  it.each(schemas)('%s: our bytes are read by protobufjs, and its bytes by us', (name) => {
    const type = second.lookupType(name);
    fc.assert(
      fc.property(message(name), (object: Json) => {
        const wanted = toProto(name, object);
        const ours = type.toObject(type.decode(encodeMessage(name, object)), toObject);
        expect(said(ours)).toEqual(said(wanted));
        const theirs = type.encode(type.fromObject(wanted)).finish();
        expect(said(decodeMessage(name, theirs))).toEqual(said(object));
        expect(decodeMessage(name, encodeMessage(name, object))).toEqual(object);
      }),
      runs,
    );
  });

  it.each(schemas.filter((name) => lookupSchema(`${name}List`) !== undefined))(
    '%sList carries its items',
    (name) => {
      const list = `${name}List`;
      const object = {
        metadata: { resourceVersion: '7', remainingItemCount: 0 },
        items: fc.sample(message(name), { seed: 5, numRuns: 2 }),
      };
      expect(decodeMessage(list, encodeMessage(list, object))).toEqual(object);
    },
  );
});
