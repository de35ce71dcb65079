import { ApiError, apiError } from './api-error.ts';
import type { FieldError } from './field-error.ts';
import { fieldErrorBody, formatFieldErrors } from './field-error.ts';
import { goQuote } from './go-format.ts';
import type { GroupKind, GroupResource, StatusCause } from './types.ts';

/** What a watch or an update refused by precondition says in Kubernetes. */
export const optimisticLockMessage =
  'the object has been modified; please apply your changes to the latest version and try again';

/** `deployments.apps`, or `pods` for the core group. */
export function formatGroupResource(resource: GroupResource): string {
  return resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
}

/** `Deployment.apps`, or `Pod` for the core group. */
export function formatGroupKind(kind: GroupKind): string {
  return kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
}

function detailsOf(resource: GroupResource, name: string): { name?: string; group?: string; kind: string } {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.resource,
  };
}

/** 404: there is no such object. */
export function notFound(resource: GroupResource, name: string): ApiError {
  return apiError({
    code: 404,
    reason: 'NotFound',
    message: `${formatGroupResource(resource)} ${goQuote(name)} not found`,
    details: detailsOf(resource, name),
  });
}

/** 404 for a path that names nothing served. */
export function pathNotFound(message = 'the server could not find the requested resource'): ApiError {
  return apiError({ code: 404, reason: 'NotFound', message, details: {} });
}

/** 409: the name is taken. */
export function alreadyExists(resource: GroupResource, name: string): ApiError {
  return apiError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${formatGroupResource(resource)} ${goQuote(name)} already exists`,
    details: detailsOf(resource, name),
  });
}

/** 409: no free name was found for a `generateName`; the client may try again after `retryAfterSeconds`. */
export function generateNameConflict(resource: GroupResource, name: string, retryAfterSeconds = 1): ApiError {
  return apiError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${formatGroupResource(resource)} ${goQuote(name)} already exists, the server was not able to generate a unique name for the object`,
    details: { ...detailsOf(resource, name), retryAfterSeconds },
  });
}

/** 409: somebody else was faster, or a precondition does not hold. `detail` defaults to the optimistic lock's text. */
export function conflict(
  resource: GroupResource,
  name: string,
  detail: string = optimisticLockMessage,
): ApiError {
  return apiError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${formatGroupResource(resource)} ${goQuote(name)}: ${detail}`,
    details: detailsOf(resource, name),
  });
}

/** 409 of server-side apply: other managers own the fields named in `causes`. */
export function applyConflict(causes: StatusCause[], message: string): ApiError {
  return apiError({ code: 409, reason: 'Conflict', message, details: { causes } });
}

/** 422: the object breaks rules; one cause a field error. */
export function invalid(kind: GroupKind, name: string, errors: readonly FieldError[]): ApiError {
  const summary = formatFieldErrors(errors);
  const causes = errors.map((error): StatusCause => ({
    reason: error.type,
    message: fieldErrorBody(error),
    field: error.field,
  }));
  return apiError({
    code: 422,
    reason: 'Invalid',
    message: `${formatGroupKind(kind)} ${goQuote(name)} is invalid${summary === '' ? '' : `: ${summary}`}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      ...(causes.length === 0 ? {} : { causes }),
    },
  });
}

/** 400: the request makes no sense. */
export function badRequest(message: string): ApiError {
  return apiError({ code: 400, reason: 'BadRequest', message });
}

/** 401: who are you? */
export function unauthorized(message = 'Unauthorized'): ApiError {
  return apiError({ code: 401, reason: 'Unauthorized', message });
}

/** 403: `why` completes `pods "x" is forbidden: …`. An empty resource prints `forbidden: …`. */
export function forbidden(resource: GroupResource, name: string, why: string): ApiError {
  const where = formatGroupResource(resource);
  let message = `${where} ${goQuote(name)} is forbidden: ${why}`;
  if (resource.group === '' && resource.resource === '') message = `forbidden: ${why}`;
  else if (name === '') message = `${where} is forbidden: ${why}`;
  return apiError({ code: 403, reason: 'Forbidden', message, details: detailsOf(resource, name) });
}

/** 405: the resource does not do that, e.g. `deletecollection`. */
export function methodNotSupported(resource: GroupResource, action: string): ApiError {
  return apiError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${action} is not supported on resources of kind ${goQuote(formatGroupResource(resource))}`,
    details: detailsOf(resource, ''),
  });
}

/** 405 where no route of a path has the method, in the words of Kubernetes' router. */
export function methodNotAllowed(): ApiError {
  return apiError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

/** 406: the object cannot be turned into what was asked for; `why` says what it is instead. */
export function notConvertible(target: string, why: string): ApiError {
  return apiError({
    code: 406,
    reason: 'NotAcceptable',
    message: `you requested ${target}, but the requested object is ${why}`,
  });
}

/** 406: none of the accepted media types can be produced. */
export function notAcceptable(accepted: readonly string[]): ApiError {
  return apiError({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
  });
}

/** 415: the body's media type is not understood. */
export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return apiError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  });
}

/** 413: the body is larger than is served. */
export function requestEntityTooLarge(message: string): ApiError {
  return apiError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: ${message}`,
  });
}

/** 410: the revision asked for is gone; list again. */
export function expired(message = 'The resourceVersion for the provided list is too old.'): ApiError {
  return apiError({ code: 410, reason: 'Expired', message });
}

/** 410 with the reason `Gone`, as watches that fell behind give it. */
export function gone(message: string): ApiError {
  return apiError({ code: 410, reason: 'Gone', message });
}

/** 429: come back after `retryAfterSeconds`. */
export function tooManyRequests(message: string, retryAfterSeconds = 1): ApiError {
  return apiError({ code: 429, reason: 'TooManyRequests', message, details: { retryAfterSeconds } });
}

/** 504: the work was not done in time, or may still be under way. */
export function timeout(message: string, retryAfterSeconds = 0): ApiError {
  return apiError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: ${message}`,
    details: retryAfterSeconds === 0 ? {} : { retryAfterSeconds },
  });
}

/** 500 `ServerTimeout`: a transient failure of `operation` (e.g. `create`); try again. */
export function serverTimeout(resource: GroupResource, operation: string, retryAfterSeconds = 0): ApiError {
  return apiError({
    code: 500,
    reason: 'ServerTimeout',
    message: `The ${operation} operation against ${formatGroupResource(resource)} could not be completed at this time, please try again.`,
    details: { ...detailsOf(resource, operation), ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }) },
  });
}

/** 503: the service is not there now. */
export function serviceUnavailable(message: string): ApiError {
  return apiError({ code: 503, reason: 'ServiceUnavailable', message });
}

/** 500: our fault. The cause's message reaches the client, its stack does not. */
export function internalError(cause: unknown): ApiError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return apiError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${text}`,
    details: { causes: [{ message: text }] },
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** 500 without a reason: what a part behind the server says, in its own words. */
export function unclassified(message: string, cause?: unknown): ApiError {
  return apiError({ code: 500, message, cause });
}

/** 422 without a kind, as a patch that cannot be applied is answered. */
export function unprocessable(
  message = 'the server rejected our request due to an error in our request',
): ApiError {
  return apiError({ code: 422, reason: 'Invalid', message, details: {} });
}

/** Converts whatever was thrown: an ApiError stays as it is, anything else becomes an internal error. Call once per boundary. */
export function toApiError(thrown: unknown): ApiError {
  return thrown instanceof ApiError ? thrown : internalError(thrown);
}
