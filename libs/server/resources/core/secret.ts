import {
  deepEqual,
  fieldPath,
  forbiddenField,
  invalidValue,
  jsonSyntaxError,
  parseJson,
  required,
  tooLong,
  validateConfigMapKey,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { Secret } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';
import { maxDataBytes } from './config-map.ts';
import { tlsSecretWarnings } from './tls-secret-warnings.ts';

const data = fieldPath('data');

/** Keys that a type demands. */
const demanded: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Credentials of registries are an object of JSON; what is in them is not shown. */
function jsonErrors(value: string, where: FieldPath): FieldError[] {
  const text = new TextDecoder().decode(Uint8Array.from(atob(value), (char) => char.charCodeAt(0)));
  let why = jsonSyntaxError(text);
  if (why === undefined) {
    const parsed = parseJson(text);
    const kind = Array.isArray(parsed) ? 'array' : goKind(parsed);
    if (kind !== undefined)
      why = `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  }
  return why === undefined ? [] : [invalidValue(where, '<secret contents redacted>', why)];
}

/** What Go calls a value of JSON that is no object. */
function goKind(value: unknown): string | undefined {
  if (value === null || typeof value === 'object') return undefined;
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function validate(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    for (const message of validateConfigMapKey(key)) errors.push(invalidValue(data.key(key), key, message));
    bytes += Math.floor((value.length * 3) / 4);
  }
  if (bytes > maxDataBytes) errors.push(tooLong(data, maxDataBytes));
  const type = secret.type ?? '';
  for (const key of (Object.hasOwn(demanded, type) ? demanded[type] : undefined) ?? []) {
    const value = secret.data?.[key];
    if (value === undefined || (value === '' && type === 'kubernetes.io/ssh-auth'))
      errors.push(required(data.key(key)));
    else if (type.startsWith('kubernetes.io/dockerc')) errors.push(...jsonErrors(value, data.key(key)));
  }
  if (
    secret.type === 'kubernetes.io/basic-auth' &&
    secret.data?.['username'] === undefined &&
    secret.data?.['password'] === undefined
  ) {
    errors.push(required(data.key('username')), required(data.key('password')));
  }
  if (
    secret.type === 'kubernetes.io/service-account-token' &&
    !secret.metadata.annotations?.['kubernetes.io/service-account.name']
  ) {
    errors.push(required(fieldPath('metadata', 'annotations').key('kubernetes.io/service-account.name')));
  }
  return errors;
}

function validateUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors: FieldError[] = [];
  if (secret.type !== old.type)
    errors.push(invalidValue(fieldPath('type'), secret.type, 'field is immutable'));
  if (old.immutable === true) {
    const why = 'field is immutable when `immutable` is set';
    if (secret.immutable !== true) errors.push(forbiddenField(fieldPath('immutable'), why));
    if (!deepEqual(secret.data ?? {}, old.data ?? {})) errors.push(forbiddenField(data, why));
  }
  return errors;
}

/** core/v1 Secret. */
export const secretDefinition: ResourceDefinition<Secret> = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  resource: 'secrets',
  singular: 'secret',
  namespaced: true,
  schema: 'k8s.io.api.core.v1.Secret',
  strategy: {
    generation: false,
    defaults(secret) {
      if (secret.stringData === undefined) return;
      secret.data = { ...secret.data };
      for (const [key, text] of Object.entries(secret.stringData)) secret.data[key] = base64(text);
      delete secret.stringData;
    },
    prepareForUpdate(secret, old) {
      if (!secret.type) secret.type = old.type;
    },
    validate,
    validateUpdate,
    warnings: ({ type, data: entries }) => (type === 'kubernetes.io/tls' ? tlsSecretWarnings(entries) : []),
  },
  selectableFields: { type: (secret) => secret.type ?? '' },
  columns: [
    nameColumn as never,
    textColumn('Type', 'What the secret is for.', (secret) => secret.type ?? ''),
    textColumn('Data', 'Number of entries.', (secret) => Object.keys(secret.data ?? {}).length),
    ageColumn as never,
  ],
};
