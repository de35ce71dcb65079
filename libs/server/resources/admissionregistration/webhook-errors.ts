import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  validateDns1123Subdomain,
  validateLabelSelector,
  validatePortNumber,
} from '@drydock/base/apimachinery';
import type {
  MutatingWebhook,
  ServiceReference,
  ValidatingWebhook,
  WebhookClientConfig,
} from '@drydock/api/admissionregistration/v1';
import { optionalOneOf } from '../common/index.ts';
import { matchConditionsErrors, reviewVersionsErrors, ruleErrors, webhooks } from './rules-errors.ts';

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

const sideEffects = ['None', 'NoneOnDryRun'];
const minTimeoutSeconds = 1;
const maxTimeoutSeconds = 30;
const desiredUrl = 'desired format: https://host[/path]';

function nameErrors(name: string, where: FieldPath): FieldError[] {
  if (name === '') return [required(where)];
  const messages = validateDns1123Subdomain(name);
  if (messages.length > 0) return [invalidValue(where, name, messages.join(','))];
  if (name.split('.').length >= 3) return [];
  return [invalidValue(where, name, 'should be a domain with at least three segments separated by dots')];
}

function urlErrors(text: string, where: FieldPath): FieldError[] {
  const parts = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
  if (parts === null) return [required(where, `url must be a valid URL: ${desiredUrl}`)];
  const [, scheme = '', authority = '', , query = '', fragment = ''] = parts;
  const errors: FieldError[] = [];
  if (scheme !== 'https') {
    errors.push(invalidValue(where, scheme, `'https' is the only allowed URL scheme; ${desiredUrl}`));
  }
  const [credentials, host] = authority.includes('@')
    ? [authority.slice(0, authority.lastIndexOf('@')), authority.slice(authority.lastIndexOf('@') + 1)]
    : [undefined, authority];
  if (host === '') errors.push(invalidValue(where, host, `host must be specified; ${desiredUrl}`));
  if (credentials !== undefined) {
    errors.push(invalidValue(where, credentials, 'user information is not permitted in the URL'));
  }
  if (fragment.length > 1)
    errors.push(invalidValue(where, fragment.slice(1), 'fragments are not permitted in the URL'));
  if (query.length > 1) {
    errors.push(invalidValue(where, query.slice(1), 'query parameters are not permitted in the URL'));
  }
  return errors;
}

function servicePathErrors(path: string, where: FieldPath): FieldError[] {
  if (path === '/' || path === '') return [];
  if (path === '//') return [invalidValue(where, path, 'segment[0] may not be empty')];
  const unrooted = path.startsWith('/') ? [] : [invalidValue(where, path, "must start with a '/'")];
  // What is checked begins after the first character, whatever that is.
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  const wrong = steps.flatMap((step, index) => {
    if (step === '') return [invalidValue(where, path, `segment[${index}] may not be empty`)];
    return validateDns1123Subdomain(step).map((message) =>
      invalidValue(where, path, `segment[${index}]: ${message}`),
    );
  });
  return [...unrooted, ...wrong];
}

function serviceErrors(service: ServiceReference, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if ((service.name ?? '') === '') errors.push(required(where.child('name'), 'service name is required'));
  if ((service.namespace ?? '') === '') {
    errors.push(required(where.child('namespace'), 'service namespace is required'));
  }
  const port = service.port ?? 443;
  for (const message of validatePortNumber(port)) {
    errors.push(invalidValue(where.child('port'), port, `port is not valid: ${message}`));
  }
  if (service.path !== undefined) errors.push(...servicePathErrors(service.path, where.child('path')));
  return errors;
}

function clientErrors(config: WebhookClientConfig | undefined, where: FieldPath): FieldError[] {
  const { url, service } = config ?? {};
  if (url !== undefined && service === undefined) return urlErrors(url, where.child('url'));
  if (service !== undefined && url === undefined) return serviceErrors(service, where.child('service'));
  return [required(where, 'exactly one of url or service is required')];
}

function webhookErrors(hook: Webhook, where: FieldPath): FieldError[] {
  const errors = nameErrors(hook.name ?? '', where.child('name'));
  (hook.rules ?? []).forEach((rule, index) =>
    errors.push(...ruleErrors(rule, where.child('rules').index(index))),
  );
  errors.push(
    ...optionalOneOf(hook.failurePolicy, ['Fail', 'Ignore'], where.child('failurePolicy')),
    ...optionalOneOf(hook.matchPolicy, ['Equivalent', 'Exact'], where.child('matchPolicy')),
  );
  const atEffects = where.child('sideEffects');
  if (hook.sideEffects === undefined)
    errors.push(required(atEffects, `must specify one of ${sideEffects.join(', ')}`));
  else if (!sideEffects.includes(hook.sideEffects))
    errors.push(notSupported(atEffects, hook.sideEffects, sideEffects));
  const timeout = hook.timeoutSeconds;
  if (timeout !== undefined && (timeout < minTimeoutSeconds || timeout > maxTimeoutSeconds)) {
    const detail = `the timeout value must be between ${minTimeoutSeconds} and ${maxTimeoutSeconds} seconds`;
    errors.push(invalidValue(where.child('timeoutSeconds'), timeout, detail));
  }
  return [
    ...errors,
    ...validateLabelSelector(hook.namespaceSelector, where.child('namespaceSelector')),
    ...validateLabelSelector(hook.objectSelector, where.child('objectSelector')),
    ...optionalOneOf(hook.reinvocationPolicy, ['IfNeeded', 'Never'], where.child('reinvocationPolicy')),
    ...clientErrors(hook.clientConfig, where.child('clientConfig')),
    ...matchConditionsErrors(hook.matchConditions ?? [], where.child('matchConditions')),
  ];
}

/** Checks all webhooks of a configuration. */
export function webhooksErrors(hooks: readonly Webhook[]): FieldError[] {
  const seen = new Set<string>();
  return hooks.flatMap((hook, index) => {
    const at = webhooks.index(index);
    const errors = [
      ...webhookErrors(hook, at),
      ...reviewVersionsErrors(hook.admissionReviewVersions ?? [], at.child('admissionReviewVersions')),
    ];
    if (hook.name !== undefined && seen.has(hook.name)) errors.push(duplicate(at.child('name'), hook.name));
    seen.add(hook.name);
    return errors;
  });
}

/** Fills in what a webhook leaves open. */
export function defaultWebhook(hook: Webhook): void {
  hook.failurePolicy ??= 'Fail';
  hook.matchPolicy ??= 'Equivalent';
  hook.namespaceSelector ??= {};
  hook.objectSelector ??= {};
  hook.timeoutSeconds ??= 10;
  for (const rule of hook.rules ?? []) rule.scope ??= '*';
  const service = hook.clientConfig?.service;
  if (service !== undefined) service.port ??= 443;
}
