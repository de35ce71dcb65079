import { describe, expect, it } from 'vitest';
import { ApiError, TerminalError, fromStatus, isFailureStatus, isTerminal } from './api-error.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  expired,
  forbidden,
  generateNameConflict,
  gone,
  internalError,
  invalid,
  methodNotSupported,
  notAcceptable,
  notFound,
  requestEntityTooLarge,
  serverTimeout,
  timeout,
  toApiError,
  tooManyRequests,
  unauthorized,
  unprocessable,
  unsupportedMediaType,
} from './api-error-constructors.ts';
import { isAlreadyExists, isConflict, isExpired, isInvalid, isNotFound } from './api-error-predicates.ts';
import { invalidValue, required } from './field-error.ts';

const deployments = { group: 'apps', resource: 'deployments' };
const pods = { group: '', resource: 'pods' };

describe('API errors', () => {
  it.each([
    [notFound(deployments, 'x'), 404, 'NotFound', 'deployments.apps "x" not found'],
    [alreadyExists(pods, 'a'), 409, 'AlreadyExists', 'pods "a" already exists'],
    [
      generateNameConflict(pods, 'a-'),
      409,
      'AlreadyExists',
      'pods "a-" already exists, the server was not able to generate a unique name for the object',
    ],
    [
      conflict(deployments, 'x'),
      409,
      'Conflict',
      'Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [badRequest('no'), 400, 'BadRequest', 'no'],
    [unauthorized(), 401, 'Unauthorized', 'Unauthorized'],
    [forbidden(pods, 'a', 'because'), 403, 'Forbidden', 'pods "a" is forbidden: because'],
    [forbidden(pods, '', 'because'), 403, 'Forbidden', 'pods is forbidden: because'],
    [forbidden({ group: '', resource: '' }, '', 'because'), 403, 'Forbidden', 'forbidden: because'],
    [
      methodNotSupported(deployments, 'patch'),
      405,
      'MethodNotAllowed',
      'patch is not supported on resources of kind "deployments.apps"',
    ],
    [
      notAcceptable(['application/json', 'application/yaml']),
      406,
      'NotAcceptable',
      'only the following media types are accepted: application/json, application/yaml',
    ],
    [
      unsupportedMediaType(['application/json']),
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json',
    ],
    [
      requestEntityTooLarge('limit is 3145728'),
      413,
      'RequestEntityTooLarge',
      'Request entity too large: limit is 3145728',
    ],
    [expired('old'), 410, 'Expired', 'old'],
    [gone('old'), 410, 'Gone', 'old'],
    [tooManyRequests('slow down', 2), 429, 'TooManyRequests', 'slow down'],
    [timeout('late'), 504, 'Timeout', 'Timeout: late'],
    [
      serverTimeout(pods, 'list'),
      500,
      'ServerTimeout',
      'The list operation against pods could not be completed at this time, please try again.',
    ],
    [internalError(new Error('boom')), 500, 'InternalError', 'Internal error occurred: boom'],
    [unprocessable(), 422, 'Invalid', 'the server rejected our request due to an error in our request'],
  ])('%s', (error, code, reason, message) => {
    expect([error.code, error.reason, error.message]).toEqual([code, reason, message]);
    expect(error.status).toMatchObject({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      code,
      reason,
      message,
    });
    expect(error).toBeInstanceOf(Error);
  });

  it('carries the resource in details, but the Kind for invalid objects', () => {
    expect(notFound(deployments, 'x').status.details).toEqual({
      name: 'x',
      group: 'apps',
      kind: 'deployments',
    });
    expect(alreadyExists(pods, 'a').status.details).toEqual({ name: 'a', kind: 'pods' });
    const error = invalid({ group: 'apps', kind: 'Deployment' }, 'x', [
      required('spec.a'),
      invalidValue('spec.b', 'q', 'must be r'),
    ]);
    expect(error.code).toBe(422);
    expect(error.message).toBe(
      'Deployment.apps "x" is invalid: [spec.a: Required value, spec.b: Invalid value: "q": must be r]',
    );
    expect(error.status.details).toEqual({
      name: 'x',
      group: 'apps',
      kind: 'Deployment',
      causes: [
        { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.a' },
        { reason: 'FieldValueInvalid', message: 'Invalid value: "q": must be r', field: 'spec.b' },
      ],
    });
    expect(invalid({ group: '', kind: 'Pod' }, 'x', []).message).toBe('Pod "x" is invalid');
  });

  it('is told apart by reason, and by code where a server gives none', () => {
    expect(isNotFound(notFound(pods, 'a'))).toBe(true);
    expect(isConflict(alreadyExists(pods, 'a'))).toBe(false);
    expect(isAlreadyExists(conflict(pods, 'a'))).toBe(false);
    expect([isExpired(expired()), isExpired(gone('x'))]).toEqual([true, true]);
    expect(isInvalid(new Error('Invalid'))).toBe(false);
    const bare = fromStatus({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 404 });
    expect([isNotFound(bare), isConflict(bare)]).toEqual([true, false]);
    expect(isFailureStatus(bare.status)).toBe(true);
    expect(isFailureStatus({ kind: 'Pod' })).toBe(false);
  });

  it('converts anything thrown, without its stack', () => {
    const error = notFound(pods, 'a');
    expect(toApiError(error)).toBe(error);
    const cause = new TypeError('x is not a function');
    const converted = toApiError(cause);
    expect(converted).toBeInstanceOf(ApiError);
    expect(converted.cause).toBe(cause);
    expect(JSON.stringify(converted.status)).not.toContain('spec.ts');
    expect(toApiError('text').message).toBe('Internal error occurred: text');
    expect(toApiError(undefined).code).toBe(500);
  });

  it('knows terminal errors through their causes', () => {
    const terminal = new TerminalError('never', { cause: new Error('why') });
    expect(isTerminal(new Error('outer', { cause: terminal }))).toBe(true);
    expect(isTerminal(terminal.cause)).toBe(false);
  });
});
