import type { FieldError, KubeObject } from '@drydock/base/apimachinery';
import { deepEqual, forbidden, type FieldErrorType } from '@drydock/base/apimachinery';
import type { CustomResourceDefinitionVersion } from '@drydock/api/apiextensions/v1';
import { finalizerWarnings } from './finalizer-warnings.ts';
import { validateEmbeddedMeta } from '../registry/index.ts';
import type { Strategy } from '../registry/types.ts';
import {
  compileAcceptor,
  compileEmbedded,
  compileListTypes,
  explain,
  type JsonSchema,
} from '../structural-schema/index.ts';
import type { RuleCheck } from '../schema-rules/index.ts';
import { scaleSpecErrors, scaleStatusErrors } from './scale-errors.ts';

export interface CustomStrategyOptions {
  readonly group: string;
  readonly resource: string;
  readonly version: CustomResourceDefinitionVersion;
  readonly schema: JsonSchema;
  /** The `x-kubernetes-validations` of the schema; undefined when it has none. */
  readonly rules: RuleCheck | undefined;
  /** Whether the definition is being deleted. */
  terminating(): boolean;
}

type Loose = KubeObject & { status?: unknown };

/** Errors after which rules are not asked: they would trip over what is missing. */
const blocking: ReadonlySet<FieldErrorType> = new Set<FieldErrorType>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

function blocked(errors: readonly FieldError[]): boolean {
  return errors.some(({ type }) => blocking.has(type));
}

const notChecked: FieldError = {
  type: 'FieldValueInvalid',
  field: '<nil>',
  badValue: 'null',
  detail:
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** The rules of one version of a custom kind: its schema, compiled. */
export function createCustomStrategy(options: CustomStrategyOptions): Strategy {
  const { schema, version, rules } = options;
  const { scale, status } = version.subresources ?? {};
  const hasStatus = status !== undefined;
  const accepts = compileAcceptor(schema);
  const statusSchema = schema.properties?.['status'];
  const acceptsStatus = statusSchema === undefined ? undefined : compileAcceptor(statusSchema);
  const embedded = compileEmbedded(schema, validateEmbeddedMeta);
  const listTypes = compileListTypes(schema);

  function withRules(errors: FieldError[], object: KubeObject, old: KubeObject | undefined): FieldError[] {
    if (rules === undefined) return errors;
    if (blocked(errors)) errors.push(notChecked);
    else errors.push(...rules(object, old));
    return errors;
  }

  return {
    generation: true,
    allowUnconditionalUpdate: false,
    updatesValidateAlone: true,
    prepareForCreate(object: Loose) {
      if (options.terminating()) {
        throw forbidden(
          { group: options.group, resource: options.resource },
          object.metadata.name ?? '',
          'create not allowed while custom resource definition is terminating',
        );
      }
      if (hasStatus) delete object.status;
    },
    prepareForUpdate(object: Loose, old: Loose) {
      // Without a status subresource the status is content like any other.
      if (!hasStatus && !deepEqual(object.status, old.status))
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validate(object) {
      const errors = accepts(object) ? [] : explain(schema, object, '');
      errors.push(...scaleSpecErrors(object, scale), ...scaleStatusErrors(object, scale));
      if (embedded !== undefined) errors.push(...embedded(object));
      if (listTypes !== undefined) errors.push(...listTypes(object));
      return withRules(errors, object, undefined);
    },
    validateUpdate(object, old) {
      const errors = accepts(object) ? [] : explain(schema, object, '', { value: old });
      errors.push(...scaleSpecErrors(object, scale), ...scaleStatusErrors(object, scale));
      if (embedded !== undefined) errors.push(...embedded(object));
      if (listTypes !== undefined && listTypes(old).length === 0) errors.push(...listTypes(object));
      return withRules(errors, object, old);
    },
    validateStatusUpdate(object: Loose, old: Loose) {
      const errors =
        object.status === undefined || acceptsStatus === undefined || acceptsStatus(object.status)
          ? []
          : explain(
              statusSchema!,
              object.status,
              'status',
              old.status === undefined ? undefined : { value: old.status },
            );
      errors.push(...scaleStatusErrors(object, scale));
      if (listTypes !== undefined) {
        const wrong = listTypes(object);
        if (wrong.length > 0 && listTypes(old).length === 0) errors.push(...wrong);
      }
      return withRules(errors, object, old);
    },
    warnings: finalizerWarnings,
  };
}
