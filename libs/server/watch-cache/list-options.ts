import type { FieldError } from '@drydock/base/apimachinery';
import {
  badRequest,
  forbiddenField,
  formatFieldErrors,
  goQuote,
  invalid,
  invalidValue,
  notSupported,
} from '@drydock/base/apimachinery';
import type { ListOptions, WatchOptions } from '@drydock/port/transport';
import { failure } from './failure.ts';

const listOptionsKind = { group: 'meta.k8s.io', kind: 'ListOptions' };

/** What is wrong with the text of a resourceVersion, in Go's words; undefined when nothing is. */
function resourceVersionError(text: string): string | undefined {
  const parsing = `strconv.ParseUint: parsing ${goQuote(text)}: `;
  if (!/^[0-9]+$/.test(text)) return `${parsing}invalid syntax`;
  return BigInt(text) > 0xffff_ffff_ffff_ffffn ? `${parsing}value out of range` : undefined;
}

/**
 * A resourceVersion parameter; undefined when absent.
 * @throws ApiError 400 when it is no unsigned integer
 */
export function parseResourceVersion(text: string | undefined, prefix = ''): number | undefined {
  if (text === undefined || text === '') return undefined;
  const wrong = resourceVersionError(text);
  if (wrong === undefined) return Number(text);
  throw badRequest(`${prefix}${formatFieldErrors([invalidValue('resourceVersion', text, wrong)])}`);
}

/** 504 for a revision that the cluster has not reached; clients know it by its cause. */
export function tooLargeResourceVersion(wanted: number, current: number): Error {
  return failure(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** @throws ApiError 422 where parameters contradict each other, 400 for a malformed resourceVersion */
export function checkListOptions(options: ListOptions & { sendInitialEvents?: boolean }): void {
  const match: string | undefined = options.resourceVersionMatch;
  if (match || options.sendInitialEvents !== undefined) {
    const errors: FieldError[] = [];
    if (match) checkMatch(match, options, errors);
    if (options.sendInitialEvents !== undefined)
      errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
    if (errors.length > 0) throw invalid(listOptionsKind, '', errors);
  }
}

function checkMatch(match: string, options: ListOptions, errors: FieldError[]): void {
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
}

/** @throws ApiError 422 where parameters contradict each other */
export function checkWatchOptions(options: WatchOptions & { continue?: string | undefined }): void {
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
    if (options.continue) {
      errors.push(
        forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'),
      );
    }
  }
  if (errors.length > 0) throw invalid(listOptionsKind, '', errors);
}
