import type { ApiError } from '@drydock/base/apimachinery';
import * as errors from '@drydock/base/apimachinery';
import { Metadata, status as Code } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromServiceError, grpcCodeOf, STATUS_TRAILER, toGrpcStatus } from './status-mapping.ts';

const pods = { group: '', resource: 'pods' };
const asThrown = (error: unknown) => Object.assign(new Error('call failed'), toGrpcStatus(error));

describe('Status over gRPC', () => {
  it.each<[string, ApiError, Code]>([
    ['bad request', errors.badRequest('what?'), Code.INVALID_ARGUMENT],
    ['unauthorized', errors.unauthorized(), Code.UNAUTHENTICATED],
    ['forbidden', errors.forbidden(pods, 'a', 'no'), Code.PERMISSION_DENIED],
    ['not found', errors.notFound(pods, 'a'), Code.NOT_FOUND],
    ['method', errors.methodNotSupported(pods, 'patch'), Code.UNIMPLEMENTED],
    ['exists', errors.alreadyExists(pods, 'a'), Code.ALREADY_EXISTS],
    ['conflict', errors.conflict(pods, 'a'), Code.ABORTED],
    ['expired', errors.expired(), Code.OUT_OF_RANGE],
    ['too large', errors.requestEntityTooLarge('limit is 3145728'), Code.RESOURCE_EXHAUSTED],
    ['too many', errors.tooManyRequests('slow down', 7), Code.RESOURCE_EXHAUSTED],
    ['invalid', errors.invalid({ group: '', kind: 'Pod' }, 'a', []), Code.INVALID_ARGUMENT],
    ['internal', errors.internalError(new Error('disk')), Code.INTERNAL],
    ['unavailable', errors.serviceUnavailable('starting'), Code.UNAVAILABLE],
    ['timeout', errors.timeout('slow'), Code.DEADLINE_EXCEEDED],
  ])('maps %s both ways without loss', (_name, error, code) => {
    expect(grpcCodeOf(error.status)).toBe(code);
    expect(toGrpcStatus(error)).toMatchObject({ code, details: error.message });
    expect(fromServiceError(asThrown(error)).status).toEqual(error.status);
  });

  it('keeps any Status of ordinary size', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const cause = fc.record({ reason: text, message: text, field: text }, { requiredKeys: [] });
    const status = fc.record({
      kind: fc.constant('Status' as const),
      apiVersion: fc.constant('v1' as const),
      metadata: fc.constant({}),
      status: fc.constant('Failure' as const),
      message: text,
      reason: text,
      details: fc.record({ name: text, uid: text, causes: fc.array(cause), retryAfterSeconds: fc.nat() }),
      code: fc.integer({ min: 400, max: 599 }),
    });
    fc.assert(
      fc.property(status, (value) => {
        expect(fromServiceError(asThrown(errors.fromStatus(value))).status).toEqual(value);
      }),
    );
  });

  it('fits a monstrous Status into a trailer, beginning with what matters', () => {
    const path = errors.fieldPath('spec');
    const many = Array.from({ length: 2000 }, (_, i) =>
      errors.invalidValue(path.index(i), 'x'.repeat(50), 'is wrong'),
    );
    const error = errors.invalid({ group: '', kind: 'Pod' }, 'a', many);
    const { metadata } = toGrpcStatus(error);
    expect((metadata!.get(STATUS_TRAILER)[0] as Buffer).byteLength).toBeLessThan(48 * 1024);
    const { status } = fromServiceError(asThrown(error));
    expect(status).toMatchObject({ code: 422, reason: 'Invalid', details: { name: 'a', kind: 'Pod' } });
    expect(status.details!.causes!.length).toBeGreaterThan(10);
    expect(status.details!.causes![0]).toEqual(error.status.details!.causes![0]);
    expect(error.message.startsWith(status.message!)).toBe(true);
  });

  it('turns anything else thrown into an internal error', () => {
    expect(fromServiceError(asThrown(new TypeError('oops'))).status).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: 'Internal error occurred: oops',
    });
  });

  it('turns failures of the connection into what clients of Kubernetes expect', () => {
    const failure = (code: Code) =>
      Object.assign(new Error('x'), { code, details: 'why', metadata: new Metadata() });
    expect(fromServiceError(failure(Code.UNAVAILABLE)).status).toMatchObject({
      code: 503,
      reason: 'ServiceUnavailable',
    });
    expect(fromServiceError(failure(Code.DEADLINE_EXCEEDED)).status).toMatchObject({
      code: 504,
      reason: 'Timeout',
    });
    expect(fromServiceError(failure(Code.UNAUTHENTICATED)).status).toMatchObject({ code: 401 });
    expect(fromServiceError(failure(Code.UNKNOWN)).status).toMatchObject({ code: 500 });
  });
});
