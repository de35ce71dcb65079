import type { FieldError } from '@drydock/base/apimachinery';
import { badRequest, forbiddenField, invalid, notSupported } from '@drydock/base/apimachinery';
import type { ListOptions, WatchOptions } from '@drydock/port/transport';
import { failure } from './failure.ts';

const listOptionsKind = { group: 'meta.k8s.io', kind: 'ListOptions' };

/**
 * A resourceVersion parameter; undefined when absent.
 * @throws ApiError 400 when it is no unsigned integer
 */
export function parseResourceVersion(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^[0-9]+$/.test(text)) {
    throw badRequest(
      `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  const value = Number(text);
  if (value > 0xffff_ffff_ffff_ffff) {
    throw badRequest(
      `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`,
    );
  }
  return value;
}

/** 504 for a revision that the cluster has not reached; clients know it by its cause. */
export function tooLargeResourceVersion(wanted: number, current: number): Error {
  return failure(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** @throws ApiError 422 where parameters contradict each other, 400 for a malformed resourceVersion */
export function checkListOptions(options: ListOptions): void {
  const match: string | undefined = options.resourceVersionMatch;
  if (match) {
    const errors: FieldError[] = [];
    if (!options.resourceVersion) {
      errors.push(
        forbiddenField(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden unless resourceVersion is provided',
        ),
      );
    }
    if (options.continue) {
      errors.push(
        forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'),
      );
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && options.resourceVersion === '0') {
      errors.push(
        forbiddenField(
          'resourceVersionMatch',
          'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
      );
    }
    if (errors.length > 0) throw invalid(listOptionsKind, '', errors);
  }
  if (options.continue && options.resourceVersion && options.resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
}

/** @throws ApiError 422 where parameters contradict each other */
export function checkWatchOptions(options: WatchOptions): void {
  const errors: FieldError[] = [];
  const match: string | undefined = options.resourceVersionMatch;
  if (options.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(
      forbiddenField(
        'resourceVersionMatch',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    );
  }
  if (match) {
    if (options.sendInitialEvents === undefined) {
      errors.push(
        forbiddenField(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      );
    }
    if (match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
  }
  if (errors.length > 0) throw invalid(listOptionsKind, '', errors);
}
