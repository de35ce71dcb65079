import { ApiError } from '@drydock/base/apimachinery';

/** Whether a create was refused because the namespace is on its way out: there is nothing to be done about it. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true
  );
}
