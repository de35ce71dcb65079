import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  duplicate,
  fieldPath,
  invalidValue,
  notSupported,
  required,
  tooMany,
  validateDns1035Label,
} from '@drydock/base/apimachinery';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
} from '@drydock/api/apiextensions/v1';
import { definitionSchemaErrors, resolveFieldPath } from '../../structural-schema/index.ts';
import { definitionRuleErrors } from '../../schema-rules/index.ts';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const maxWarningBytes = 256;
const maxSelectableFields = 8;
const selectableTypes = ['string', 'boolean', 'integer'];

/** A path in dot notation, as columns and scale use it. */
function simplePathProblem(path: string): string | undefined {
  return path.startsWith('.') ? undefined : 'must be a simple json path starting with .';
}

function columnErrors(column: CustomResourceColumnDefinition, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { name = '', type = '', format = '', jsonPath = '' } = column;
  if (name === '') errors.push(required(where.child('name')));
  if (type === '') {
    errors.push(required(where.child('type'), `must be one of ${columnTypes.join(',')}`));
  } else if (!columnTypes.includes(type)) {
    errors.push(invalidValue(where.child('type'), type, `must be one of ${columnTypes.join(',')}`));
  }
  if (format !== '' && !columnFormats.includes(format)) {
    errors.push(invalidValue(where.child('format'), format, `must be one of ${columnFormats.join(',')}`));
  }
  const at = where.child('JSONPath');
  if (jsonPath === '') errors.push(required(at));
  else if (simplePathProblem(jsonPath) !== undefined)
    errors.push(invalidValue(at, jsonPath, simplePathProblem(jsonPath)!));
  return errors;
}

function scaleErrors(scale: CustomResourceSubresourceScale, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const check = (
    name: keyof CustomResourceSubresourceScale,
    below: readonly string[],
    needed: boolean,
  ): void => {
    const path = scale[name] ?? '';
    const at = where.child(name);
    if (path === '') {
      if (needed) errors.push(required(at));
      return;
    }
    const problem = simplePathProblem(path);
    if (problem !== undefined) errors.push(invalidValue(at, path, problem));
    else if (!below.some((prefix) => path.startsWith(prefix))) {
      const names = below.map((prefix) => prefix.slice(0, -1)).join(' or ');
      const either = below.length > 1 ? 'either ' : '';
      errors.push(invalidValue(at, path, `should be a json path under ${either}${names}`));
    }
  };
  check('specReplicasPath', ['.spec.'], true);
  check('statusReplicasPath', ['.status.'], true);
  check('labelSelectorPath', ['.spec.', '.status.'], false);
  return errors;
}

function deprecationErrors(version: CustomResourceDefinitionVersion, where: FieldPath): FieldError[] {
  const text = version.deprecationWarning;
  if (text === undefined) return [];
  const at = where.child('deprecationWarning');
  if (version.deprecated !== true) return [invalidValue(at, text, 'can only be set for deprecated versions')];
  const errors: FieldError[] = [];
  if (byteLength(text) > maxWarningBytes)
    errors.push(invalidValue(at, text, `must be <= ${maxWarningBytes} characters long`));
  if (text === '') errors.push(invalidValue(at, text, 'must not be an empty string'));
  return errors;
}

function versionErrors(version: CustomResourceDefinitionVersion, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const name = version.name ?? '';
  const messages = validateDns1035Label(name);
  if (messages.length > 0) errors.push(invalidValue(where.child('name'), name, messages.join(',')));
  errors.push(...deprecationErrors(version, where));
  const schema = version.schema?.openAPIV3Schema;
  if (schema !== undefined) {
    const hasStatus = version.subresources?.status !== undefined;
    errors.push(
      ...definitionSchemaErrors(schema, where.child('schema', 'openAPIV3Schema'), {
        hasStatus,
        rules: definitionRuleErrors,
      }),
    );
  }
  const scale = version.subresources?.scale;
  if (scale !== undefined) errors.push(...scaleErrors(scale, where.child('subresources', 'scale')));
  (version.additionalPrinterColumns ?? []).forEach((column, index) => {
    errors.push(...columnErrors(column, where.child('additionalPrinterColumns').index(index)));
  });
  errors.push(...selectableErrors(version, where.child('selectableFields')));
  return errors;
}

function selectableErrors(version: CustomResourceDefinitionVersion, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const fields = version.selectableFields ?? [];
  const schema = version.schema?.openAPIV3Schema;
  const seen = new Set<string>();
  fields.forEach(({ jsonPath = '' }, index) => {
    const at = where.index(index).child('jsonPath');
    if (jsonPath === '') {
      errors.push(required(at));
      return;
    }
    const found = resolveFieldPath(schema ?? {}, jsonPath, false);
    if ('error' in found) {
      errors.push(invalidValue(at, jsonPath, `is an invalid path: ${found.error}`));
      return;
    }
    if (found.names[0] === 'metadata')
      errors.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'));
    if (!selectableTypes.includes(found.schema.type ?? '')) {
      const detail =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      errors.push(invalidValue(at, jsonPath, detail));
    }
    if (seen.has(String(found.path))) errors.push(duplicate(at, jsonPath));
    seen.add(String(found.path));
  });
  if (seen.size > maxSelectableFields) errors.push(tooMany(where, seen.size, maxSelectableFields));
  return errors;
}

/** Checks the versions of a definition: each by itself, and that exactly one is stored. */
export function versionsErrors(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const where = fieldPath('spec', 'versions');
  const errors: FieldError[] = [];
  versions.forEach((version, index) => {
    if (version.schema?.openAPIV3Schema === undefined) {
      errors.push(
        required(where.index(index).child('schema').child('openAPIV3Schema'), 'schemas are required'),
      );
    }
  });
  versions.forEach((version, index) => errors.push(...versionErrors(version, where.index(index))));
  if (new Set(versions.map((version) => version.name)).size < versions.length) {
    errors.push(invalidValue(where, versions, 'must contain unique version names'));
  }
  if (versions.filter((version) => version.storage).length !== 1) {
    errors.push(invalidValue(where, versions, 'must have exactly one version marked as storage version'));
  }
  return errors;
}

/** A closed set whose value must be there. */
export function enumErrors(
  value: string | undefined,
  accepted: readonly string[],
  where: FieldPath,
): FieldError[] {
  if ((value ?? '') === '') return [required(where)];
  return accepted.includes(value ?? '') ? [] : [notSupported(where, value, accepted)];
}
