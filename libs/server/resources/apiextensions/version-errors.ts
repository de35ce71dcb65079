import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  fieldPath,
  invalidValue,
  notSupported,
  required,
  validateDns1035Label,
} from '@drydock/base/apimachinery';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
} from '@drydock/api/apiextensions/v1';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const maxWarningBytes = 256;

/** A path of names and quoted names, as columns, scale and selectable fields use it. */
function simplePathProblem(path: string): string | undefined {
  return /^(\.[A-Za-z_$][\w$-]*|\['[^']*'\])+$/.test(path)
    ? undefined
    : 'must be a json path in the dot notation, such as .spec.replicas';
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
  if (jsonPath === '') errors.push(required(where.child('jsonPath')));
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
      errors.push(invalidValue(at, path, `should be a json path under ${names}`));
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
  if (schema !== undefined && schema.type !== 'object') {
    const at = where.child('schema', 'openAPIV3Schema', 'type');
    if ((schema.type ?? '') === '') errors.push(required(at, 'must not be empty at the root'));
    else errors.push(invalidValue(at, schema.type, 'must be object at the root'));
  }
  const scale = version.subresources?.scale;
  if (scale !== undefined) errors.push(...scaleErrors(scale, where.child('subresources', 'scale')));
  (version.additionalPrinterColumns ?? []).forEach((column, index) => {
    errors.push(...columnErrors(column, where.child('additionalPrinterColumns').index(index)));
  });
  (version.selectableFields ?? []).forEach((field, index) => {
    const at = where.child('selectableFields').index(index).child('jsonPath');
    const path = field.jsonPath ?? '';
    if (path === '') errors.push(required(at));
    else if (simplePathProblem(path) !== undefined)
      errors.push(invalidValue(at, path, 'is an invalid path: does not refer to a valid field'));
  });
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
